//! `GET /v1/users/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::users;
use common::domain::ids::UserId;
use common::problem::Problem;

use super::UserView;
use crate::auth::{Allowed, rights::UserRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a user
#[utoipa::path(
    get, path = "/v1/users/{id}", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:read"]))),
    params(("id" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")),
    responses((status = 200, description = "The user", body = UserView))
)]
pub async fn get_user(
    caller: Allowed<UserRead>,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
) -> Result<Json<UserView>, Problem> {
    let client = state.db().await?;
    let found = users::find(&client, caller.organization, id).await?;
    found.map(|it| Json(it.into())).ok_or_else(|| Problem::not_found("user"))
}
