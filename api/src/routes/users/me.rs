//! `GET` and `PATCH /v1/users/me`: the user who owns the key.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::users::{self, UserChange};
use common::problem::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{UserView, check};
use crate::auth::Allowed;
use crate::auth::rights::{OwnUserUpdate, UserRead};
use crate::extract::{self, Trace, given};
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "available": false }))]
pub struct UpdateMe {
    /// Another name, 1 to 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Another picture: an http or https address; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
    /// Whether conversations may be given to you in turn.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    available: Option<bool>,
}

/// Get yourself
///
/// The user who owns the key.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:read"]))),
    responses((status = 200, description = "The user", body = UserView))
)]
pub async fn get_me(
    caller: Allowed<UserRead>,
    State(state): State<AppState>,
) -> Result<Json<UserView>, Problem> {
    let client = state.db().await?;
    let found = users::find(&client, caller.organization, caller.user).await?;
    found.map(|user| Json(user.into())).ok_or_else(|| Problem::not_found("user"))
}

/// Update yourself
///
/// The user who owns the key; any role may. Say here whether you are available.
#[utoipa::path(
    patch, path = "/v1/users/me", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:update"])), ("x-least-role" = json!("agent"))),
    request_body = UpdateMe,
    responses((status = 200, description = "The user as they are now", body = UserView))
)]
pub async fn update_me(
    caller: Allowed<OwnUserUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    extract::Json(input, _): extract::Json<UpdateMe>,
) -> Result<Json<UserView>, Problem> {
    let avatar_url = input.avatar_url.as_ref().map(Option::as_deref);
    check(input.name.as_deref(), None, avatar_url.flatten())?;
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let name = input.name.as_deref();
    let change = UserChange { name, avatar_url, available: input.available, ..UserChange::default() };
    let changed = users::update(&tx, caller.organization, caller.user, change).await?;
    let user = changed.ok_or_else(|| Problem::not_found("user"))?;
    let detail = json!({ "available": input.available, "name": input.name.is_some() });
    audit::insert(&tx, &Entry::by(&caller, "user.update", caller.user, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(user.into()))
}
