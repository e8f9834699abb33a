//! `DELETE /v1/api-keys/{id}`.

use axum::extract::State;
use common::db;
use common::db::api_keys;
use common::db::audit::{self, Entry};
use common::domain::ids::ApiKeyId;
use common::problem::Problem;
use http::StatusCode;

use super::ensure_role;
use crate::auth::{Allowed, rights::ApiKeyDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Revoke an API key
///
/// It stops working within five seconds. It stays listed, and so does what it did. Revoking it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/api-keys/{id}", tag = "API keys",
    extensions(("x-required-scopes" = json!(["api_key:delete"]))),
    params(("id" = String, Path, description = "Id of the key", example = "key_01KASDN3Z8T5P1R7V9X0Y2B4CD")),
    responses((status = 204, description = "Revoked"))
)]
pub async fn revoke_api_key(
    caller: Allowed<ApiKeyDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let found = api_keys::find(&tx, caller.organization, id, true).await?;
    let key = found.ok_or_else(|| Problem::not_found("API key"))?;
    ensure_role(&caller, key.role)?;
    if key.revoked_at.is_none() {
        api_keys::revoke(&tx, caller.organization, id).await?;
        audit::insert(&tx, &Entry::by(&caller, "api_key.revoke", id, trace)).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
