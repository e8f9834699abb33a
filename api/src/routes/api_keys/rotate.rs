//! `POST /v1/api-keys/{id}/rotate`.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use common::crypto::ApiKeyToken;
use common::db::api_keys::{self, ApiKey, NewApiKey};
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::domain::ids::ApiKeyId;
use common::domain::principal::{Principal, Scope};
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Grant, NewApiKeyView, own, to_come};
use crate::auth::{Allowed, rights::ApiKeyCreate};
use crate::extract::{IdempotencyKey, OptionalJson, Path, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// How long both keys work: by default, and at most.
const OVERLAP: u32 = 24 * 60 * 60;
const LONGEST_OVERLAP: u32 = 30 * OVERLAP;

/// How a key is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "overlapSeconds": 3600 }))]
pub struct RotateApiKey {
    /// How long the old key works on beside the new one: 0 to 2,592,000 seconds, by default a day.
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    overlap_seconds: Option<u32>,
    /// When the new key stops working; by default when the old one would have.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-01-31T12:00:00Z")]
    expires_at: Option<Timestamp>,
}

/// Replace an API key
///
/// Creates a key of the same name, owner, role and scopes; the answer holds the key itself, this once. The old key works on for the
/// overlap. The key that asks must itself have all that the new one gets; it may be the one that is replaced.
#[utoipa::path(
    post, path = "/v1/api-keys/{id}/rotate", tag = "API keys",
    extensions(("x-required-scopes" = json!(["api_key:create"]))),
    params(("id" = String, Path, description = "Id of the old key", example = "key_01KASDN3Z8T5P1R7V9X0Y2B4CD")),
    request_body = RotateApiKey,
    responses((status = 201, description = "Created", body = NewApiKeyView, headers(("Location" = String))))
)]
pub async fn rotate_api_key(
    caller: Allowed<ApiKeyCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ApiKeyId>,
    key: IdempotencyKey,
    OptionalJson(input, body): OptionalJson<RotateApiKey>,
) -> Result<Response, Problem> {
    // The key is part of what is asked for, and not of the body.
    let request = [id.0.as_bytes().as_slice(), &body].concat();
    let once = Once::new(&caller, "POST /v1/api-keys/{id}/rotate", key, &request).sealed(&state.sealer);
    once.answer(&state.pool, rotate(&state, &caller, &once, (id, &input), trace)).await
}

async fn rotate(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    (id, input): (ApiKeyId, &RotateApiKey),
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let overlap = input.overlap_seconds.unwrap_or(OVERLAP);
    if overlap > LONGEST_OVERLAP {
        let message = format!("must not be above {LONGEST_OVERLAP}");
        return Err(Problem::invalid("overlapSeconds", "too_large", message).into());
    }
    to_come(input.expires_at.map(|at| at.0))?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let found = api_keys::find(&tx, caller.organization, id, true).await?;
    let old = found.ok_or_else(|| Problem::not_found("API key"))?;
    ensure_working(&old, api_keys::find_replacement(&tx, caller.organization, id).await?)?;
    // A scope that this version does not know grants nothing, and is not passed on.
    let scopes: Vec<Scope> = old.scopes.iter().filter_map(|name| name.parse().ok()).collect();
    let expires_at: Option<DateTime<Utc>> = input.expires_at.map(|at| at.0).or(old.expires_at);
    let own = own(&tx, caller).await?;
    Grant { role: old.role, scopes: &scopes, expires_at }.ensure_within(caller, &own)?;
    let token = ApiKeyToken::mint();
    let new = NewApiKey { user: old.user, name: &old.name, role: old.role, scopes: &scopes, expires_at };
    let key = api_keys::insert(&tx, caller.organization, new, &token).await?;
    let key = api_keys::replace(&tx, caller.organization, (id, key.id), f64::from(overlap)).await?;
    let detail = json!({ "replacesId": id, "overlapSeconds": overlap });
    audit::insert(&tx, &Entry::by(caller, "api_key.rotate", key.id, trace).detail(detail)).await?;
    let location = format!("/v1/api-keys/{}", key.id);
    let view = NewApiKeyView { view: key.into(), key: token.token.expose().to_owned() };
    let answer = once.fill(&tx, StatusCode::CREATED, &view, Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}

fn ensure_working(old: &ApiKey, replacement: Option<ApiKeyId>) -> Result<(), Problem> {
    let why = if old.revoked_at.is_some() {
        "The key was revoked".to_owned()
    } else if let Some(replacement) = replacement {
        format!("The key {replacement} has come in its place; replace that one")
    } else if old.expires_at.is_some_and(|end| end <= Utc::now()) {
        "The key has expired".to_owned()
    } else if !old.scopes.is_empty() && old.scopes.iter().all(|name| name.parse::<Scope>().is_err()) {
        "The key has no scope that is known any more".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::new(StatusCode::CONFLICT, "key_ended", why))
}
