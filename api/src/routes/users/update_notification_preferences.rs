//! `PATCH /v1/users/{id}/notification-preferences`, and one's own.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Actor, Entry};
use common::db::notification_preferences::{self, PreferencesChange};
use common::domain::ids::UserId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::ToSchema;

use super::PreferencesView;
use crate::auth::Allowed;
use crate::auth::rights::{OwnUserUpdate, UserUpdate};
use crate::extract::{self, Path, Trace};
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "messages": false }))]
pub struct UpdateNotificationPreferences {
    /// Whether to tell that a conversation was assigned to them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    assignments: Option<bool>,
    /// Whether to tell that a contact wrote.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    messages: Option<bool>,
    /// Whether to tell by email.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    email: Option<bool>,
}

/// A field that may be left out, but not be null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

/// Change your notification preferences
///
/// Those of the user who owns the key; any role may.
#[utoipa::path(
    patch, path = "/v1/users/me/notification-preferences", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:update"])), ("x-least-role" = json!("agent"))),
    request_body = UpdateNotificationPreferences,
    responses((status = 200, description = "The preferences as they are now", body = PreferencesView))
)]
pub async fn update_my_notification_preferences(
    caller: Allowed<OwnUserUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    extract::Json(input, _): extract::Json<UpdateNotificationPreferences>,
) -> Result<Json<PreferencesView>, Problem> {
    update(&state, &caller, caller.user, &input, trace).await
}

/// Change a user's notification preferences
#[utoipa::path(
    patch, path = "/v1/users/{id}/notification-preferences", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:update"]))),
    params(("id" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")),
    request_body = UpdateNotificationPreferences,
    responses((status = 200, description = "The preferences as they are now", body = PreferencesView))
)]
pub async fn update_notification_preferences(
    caller: Allowed<UserUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<UserId>,
    extract::Json(input, _): extract::Json<UpdateNotificationPreferences>,
) -> Result<Json<PreferencesView>, Problem> {
    update(&state, &caller, id, &input, trace).await
}

async fn update(
    state: &AppState,
    caller: &Principal,
    user: UserId,
    input: &UpdateNotificationPreferences,
    trace: TraceId,
) -> Result<Json<PreferencesView>, Problem> {
    let UpdateNotificationPreferences { assignments, messages, email } = *input;
    let change = PreferencesChange { assignments, messages, email };
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let changed = notification_preferences::update(&tx, caller.organization, user, change).await?;
    let preferences = changed.ok_or_else(|| Problem::not_found("user"))?;
    let entry = Entry {
        organization: caller.organization,
        actor: Actor::Caller(caller.credential),
        action: "notification_preferences.update",
        resource: user.0,
        trace: Some(trace),
        detail: Some(json!({
            "assignments": preferences.assignments, "messages": preferences.messages, "email": preferences.email,
        })),
    };
    audit::insert(&tx, &entry).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(preferences.into()))
}
