//! `GET /v1/connections/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::connections;
use common::domain::ids::ConnectionId;
use common::problem::Problem;

use super::ConnectionView;
use crate::auth::{Allowed, rights::ConnectionRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a connection
#[utoipa::path(
    get, path = "/v1/connections/{id}", tag = "Connections",
    extensions(("x-required-scopes" = json!(["connection:read"]))),
    params(("id" = String, Path, description = "Id of the connection", example = "con_01KASDNQ9N5W1D7K9X3F0T4E6B")),
    responses((status = 200, description = "The connection", body = ConnectionView))
)]
pub async fn get_connection(
    caller: Allowed<ConnectionRead>,
    State(state): State<AppState>,
    Path(id): Path<ConnectionId>,
) -> Result<Json<ConnectionView>, Problem> {
    let client = state.db().await?;
    let found = connections::find(&client, caller.organization, id).await?;
    found.map(|connection| Json(connection.into())).ok_or_else(|| Problem::not_found("connection"))
}
