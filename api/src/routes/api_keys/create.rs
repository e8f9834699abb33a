//! `POST /v1/api-keys`.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use common::crypto::ApiKeyToken;
use common::db::api_keys::{self, NewApiKey};
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::users::{self, User};
use common::domain::ids::UserId;
use common::domain::principal::{Principal, Role, Scope};
use common::problem::{FieldError, Problem, Timestamp};
use common::trace::TraceId;
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Grant, NAME, NewApiKeyView, ensure_role, own, to_come};
use crate::auth::{Allowed, rights::ApiKeyCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;
use crate::text::Checks;

/// A key to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Shop", "role": "agent", "scopes": ["message:create", "message:read"] }))]
pub struct CreateApiKey {
    /// Its name, 1 to 200 characters, shown as the sender of its messages.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The user who owns it; by default the one who owns the key that asks.
    user_id: Option<String>,
    /// Its role, at most its owner's and that of the key that asks; by default the lesser of the two.
    role: Option<Role>,
    /// Scopes that narrow the role; by default those of the key that asks.
    scopes: Option<Vec<String>>,
    /// When it stops working, not later than the key that asks; by default together with that one, or never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-01-31T12:00:00Z")]
    expires_at: Option<Timestamp>,
}

/// Create an API key
///
/// The answer holds the key itself, this once. A key never gives more than it has: no higher role, no scope that it lacks, and no
/// longer life.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "API keys",
    extensions(("x-required-scopes" = json!(["api_key:create"]))),
    request_body = CreateApiKey,
    responses((status = 201, description = "Created", body = NewApiKeyView, headers(("Location" = String))))
)]
pub async fn create_api_key(
    caller: Allowed<ApiKeyCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateApiKey>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/api-keys", key, &body).sealed(&state.sealer);
    once.answer(&state.pool, create(&state, &caller, &once, &input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: &CreateApiKey,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut checks = Checks::default();
    checks.name("name", &input.name, NAME);
    checks.finish()?;
    to_come(input.expires_at.map(|at| at.0))?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let (own, owner) = (own(&tx, caller).await?, owner(&tx, caller, input).await?);
    let role = role_under(caller, &owner, input.role)?;
    let scopes = scopes_of(caller, role, input.scopes.as_deref())?;
    let expires_at: Option<DateTime<Utc>> = input.expires_at.map(|at| at.0).or(own.expires_at);
    Grant { role, scopes: &scopes, expires_at }.ensure_within(caller, &own)?;
    let token = ApiKeyToken::mint();
    let new = NewApiKey { user: owner.id, name: &input.name, role, scopes: &scopes, expires_at };
    let key = api_keys::insert(&tx, caller.organization, new, &token).await?;
    let detail = json!({
        "userId": key.user, "role": key.role, "scopes": key.scopes, "expiresAt": key.expires_at.map(Timestamp),
    });
    audit::insert(&tx, &Entry::by(caller, "api_key.create", key.id, trace).detail(detail)).await?;
    let location = format!("/v1/api-keys/{}", key.id);
    let view = NewApiKeyView { view: key.into(), key: token.token.expose().to_owned() };
    let answer = once.fill(&tx, StatusCode::CREATED, &view, Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Whose the key is to be: somebody who is there, with no higher role than the caller's.
async fn owner(
    client: &impl GenericClient,
    caller: &Principal,
    input: &CreateApiKey,
) -> Result<User, Problem> {
    let nobody = || Problem::not_found("user");
    let id: UserId = match &input.user_id {
        // What is no id at all names nobody.
        Some(text) => text.parse().map_err(|_| nobody())?,
        None => caller.user,
    };
    let found = users::find(client, caller.organization, id).await?;
    let user = found.filter(|user| user.disabled_at.is_none()).ok_or_else(nobody)?;
    if id != caller.user {
        ensure_role(caller, user.role)?;
    }
    Ok(user)
}

fn role_under(caller: &Principal, owner: &User, asked: Option<Role>) -> Result<Role, Problem> {
    let Some(role) = asked else { return Ok(caller.role().map_or(Role::Agent, |own| own.min(owner.role))) };
    ensure_role(caller, role)?;
    if role > owner.role {
        let message = format!("must not be above the role of its owner, which is {}", owner.role);
        return Err(Problem::invalid("role", "above_its_owner", message));
    }
    Ok(role)
}

fn scopes_of(caller: &Principal, role: Role, asked: Option<&[String]>) -> Result<Vec<Scope>, Problem> {
    let Some(asked) = asked else {
        let own = caller.scopes().into_iter().flatten().copied();
        return Ok(own.filter(|scope| scope.least_role() <= role).collect());
    };
    let (mut scopes, mut errors) = (Vec::new(), Vec::new());
    for (index, text) in asked.iter().enumerate() {
        let fault = |message: String| FieldError {
            field: format!("scopes[{index}]"),
            code: "invalid_scope".into(),
            message,
        };
        match text.parse::<Scope>() {
            Ok(scope) if scope.least_role() > role => {
                errors.push(fault(format!("takes the role {} and would grant nothing", scope.least_role())));
            }
            Ok(scope) => scopes.push(scope),
            Err(_) => errors.push(fault("is no scope".into())),
        }
    }
    if !errors.is_empty() {
        let detail = "There are scopes that this key cannot have";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
        errors.truncate(100);
        return Err(Problem { errors, ..problem });
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}
