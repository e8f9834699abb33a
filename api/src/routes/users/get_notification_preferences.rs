//! `GET /v1/users/{id}/notification-preferences`, and one's own.

use axum::Json;
use axum::extract::State;
use common::db::notification_preferences;
use common::domain::ids::UserId;
use common::domain::principal::Principal;
use common::problem::Problem;

use super::PreferencesView;
use crate::auth::{Allowed, rights::UserRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get your notification preferences
///
/// Those of the user who owns the key.
#[utoipa::path(
    get, path = "/v1/users/me/notification-preferences", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:read"]))),
    responses((status = 200, description = "The preferences", body = PreferencesView))
)]
pub async fn get_my_notification_preferences(
    caller: Allowed<UserRead>,
    State(state): State<AppState>,
) -> Result<Json<PreferencesView>, Problem> {
    get(&state, &caller, caller.user).await
}

/// Get a user's notification preferences
#[utoipa::path(
    get, path = "/v1/users/{id}/notification-preferences", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:read"]))),
    params(("id" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")),
    responses((status = 200, description = "The preferences", body = PreferencesView))
)]
pub async fn get_notification_preferences(
    caller: Allowed<UserRead>,
    State(state): State<AppState>,
    Path(id): Path<UserId>,
) -> Result<Json<PreferencesView>, Problem> {
    get(&state, &caller, id).await
}

async fn get(state: &AppState, caller: &Principal, user: UserId) -> Result<Json<PreferencesView>, Problem> {
    let client = state.db().await?;
    let found = notification_preferences::find(&client, caller.organization, user).await?;
    found.map(|preferences| Json(preferences.into())).ok_or_else(|| Problem::not_found("user"))
}
