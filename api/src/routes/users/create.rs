//! `POST /v1/users`.

use axum::extract::State;
use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::users::{self, NewUser, UserChange};
use common::domain::principal::{Principal, Role};
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{UserView, check, ensure_role, refused};
use crate::auth::{Allowed, rights::UserCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// A person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Ada Lovelace", "email": "ada@example.com", "role": "agent" }))]
pub struct CreateUser {
    /// Their name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their email address; no other user of the organization has it.
    #[schema(max_length = 320)]
    email: String,
    /// Their role, at most that of the key.
    role: Role,
    /// Their picture: an http or https address.
    avatar_url: Option<String>,
}

/// Create a user
#[utoipa::path(
    post, path = "/v1/users", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:create"]))),
    request_body = CreateUser,
    responses((status = 201, description = "Created", body = UserView, headers(("Location" = String))))
)]
pub async fn create_user(
    caller: Allowed<UserCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateUser>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/users", key, &body);
    once.answer(&state.pool, create(&state, &caller, &once, &input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: &CreateUser,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    check(Some(&input.name), Some(&input.email), input.avatar_url.as_deref())?;
    ensure_role(caller, input.role, "A user with this role")?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let new = NewUser { name: &input.name, email: &input.email, role: input.role };
    let mut user = users::insert(&tx, caller.organization, new).await.map_err(refused)?;
    if let Some(picture) = input.avatar_url.as_deref() {
        let change = UserChange { avatar_url: Some(Some(picture)), ..UserChange::default() };
        user = users::update(&tx, caller.organization, user.id, change).await?.unwrap_or(user);
    }
    let entry = Entry::by(caller, "user.create", user.id, trace).detail(json!({ "role": user.role }));
    audit::insert(&tx, &entry).await?;
    let location = format!("/v1/users/{}", user.id);
    let answer = once.fill(&tx, StatusCode::CREATED, &UserView::from(user), Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}
