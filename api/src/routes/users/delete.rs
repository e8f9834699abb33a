//! `DELETE /v1/users/{id}`.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::users::{self, UserChange};
use common::domain::ids::UserId;
use common::problem::Problem;
use http::StatusCode;

use super::changeable;
use crate::auth::{Allowed, rights::UserDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Disable a user
///
/// Their keys stop working, within five seconds, and nothing is assigned to them any more; what they did stays theirs, and so do
/// their conversations. Disabling who is disabled changes nothing. `PATCH` with `disabled` false brings them back.
#[utoipa::path(
    delete, path = "/v1/users/{id}", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:delete"]))),
    params(("id" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")),
    responses(
        (status = 204, description = "Disabled"),
        (status = 409, description = "The last owner cannot be disabled (`last_owner`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn delete_user(
    caller: Allowed<UserDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let user = changeable(&tx, &caller, id, true).await?;
    if user.disabled_at.is_none() {
        let change = UserChange { disabled: Some(true), ..UserChange::default() };
        users::update(&tx, caller.organization, id, change).await?;
        audit::insert(&tx, &Entry::by(&caller, "user.disable", id, trace)).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
