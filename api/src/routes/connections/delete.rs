//! `DELETE /v1/connections/{id}`.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::connections::{self, IN_USE};
use common::domain::ids::ConnectionId;
use common::problem::Problem;
use http::StatusCode;

use crate::auth::{Allowed, rights::ConnectionDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Delete a connection
///
/// Refused while an inbox uses it. Its credentials are gone for good; what was sent and received through it stays.
#[utoipa::path(
    delete, path = "/v1/connections/{id}", tag = "Connections",
    extensions(("x-required-scopes" = json!(["connection:delete"]))),
    params(("id" = String, Path, description = "Id of the connection", example = "con_01KASDNQ9N5W1D7K9X3F0T4E6B")),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "An inbox uses it (`in_use`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn delete_connection(
    caller: Allowed<ConnectionDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let deleted = connections::delete(&tx, caller.organization, id).await;
    let deleted = deleted.map_err(|error| match error.constraint() {
        Some(IN_USE) => {
            let detail = "An inbox uses this connection; delete the inbox first";
            Problem::new(StatusCode::CONFLICT, "in_use", detail)
        }
        _ => error.into(),
    })?;
    if !deleted {
        return Err(Problem::not_found("connection"));
    }
    audit::insert(&tx, &Entry::by(&caller, "connection.delete", id, trace)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
