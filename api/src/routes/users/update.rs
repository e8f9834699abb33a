//! `PATCH /v1/users/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::users::{self, UserChange};
use common::domain::ids::UserId;
use common::domain::principal::Role;
use common::problem::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{UserView, changeable, check, ensure_role, refused};
use crate::auth::{Allowed, rights::UserUpdate};
use crate::extract::{self, Path, Trace, given};
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "role": "admin", "available": true }))]
pub struct UpdateUser {
    /// Another name, 1 to 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Another email address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 320)]
    email: Option<String>,
    /// Another role, at most that of the key.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Role, required = false)]
    role: Option<Role>,
    /// Another picture: an http or https address; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
    /// Whether conversations may be given to them in turn.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    available: Option<bool>,
    /// Whether they are disabled, which stops their keys; false brings them back.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    disabled: Option<bool>,
}

/// Update a user
///
/// A user with a higher role than the key's cannot be changed by it, and the last owner stays one.
#[utoipa::path(
    patch, path = "/v1/users/{id}", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:update"]))),
    params(("id" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")),
    request_body = UpdateUser,
    responses(
        (status = 200, description = "The user as they are now", body = UserView),
        (status = 409, description = "Another user has the email address (`already_exists`), or no owner would be left (`last_owner`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn update_user(
    caller: Allowed<UserUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<UserId>,
    extract::Json(input, _): extract::Json<UpdateUser>,
) -> Result<Json<UserView>, Problem> {
    let avatar_url = input.avatar_url.as_ref().map(Option::as_deref);
    check(input.name.as_deref(), input.email.as_deref(), avatar_url.flatten())?;
    if let Some(role) = input.role {
        ensure_role(&caller, role, "Giving this role")?;
    }
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let loses = input.disabled == Some(true) || input.role.is_some_and(|role| role < Role::Owner);
    changeable(&tx, &caller, id, loses).await?;
    let change = UserChange {
        name: input.name.as_deref(),
        email: input.email.as_deref(),
        role: input.role,
        avatar_url,
        available: input.available,
        disabled: input.disabled,
    };
    let changed = users::update(&tx, caller.organization, id, change).await.map_err(refused)?;
    let user = changed.ok_or_else(|| Problem::not_found("user"))?;
    let detail = json!({
        "role": input.role, "available": input.available, "disabled": input.disabled,
        "name": input.name.is_some(), "email": input.email.is_some(),
    });
    audit::insert(&tx, &Entry::by(&caller, "user.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(user.into()))
}
