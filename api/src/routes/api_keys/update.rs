//! `PATCH /v1/api-keys/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::api_keys;
use common::db::audit::{self, Entry};
use common::domain::ids::ApiKeyId;
use common::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ApiKeyView, NAME, ensure_role};
use crate::auth::{Allowed, rights::ApiKeyUpdate};
use crate::extract::{self, Path, Trace};
use crate::state::AppState;
use crate::text::Checks;

/// What is to change: what a key may do never does. Create another for that.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Shop" }))]
pub struct UpdateApiKey {
    /// Another name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Rename an API key
#[utoipa::path(
    patch, path = "/v1/api-keys/{id}", tag = "API keys",
    extensions(("x-required-scopes" = json!(["api_key:update"]))),
    params(("id" = String, Path, description = "Id of the key", example = "key_01KASDN3Z8T5P1R7V9X0Y2B4CD")),
    request_body = UpdateApiKey,
    responses((status = 200, description = "The key as it is now", body = ApiKeyView))
)]
pub async fn update_api_key(
    caller: Allowed<ApiKeyUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ApiKeyId>,
    extract::Json(input, _): extract::Json<UpdateApiKey>,
) -> Result<Json<ApiKeyView>, Problem> {
    let mut checks = Checks::default();
    checks.name("name", &input.name, NAME);
    checks.finish()?;
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let renamed = api_keys::rename(&tx, caller.organization, id, &input.name).await?;
    let key = renamed.ok_or_else(|| Problem::not_found("API key"))?;
    ensure_role(&caller, key.role)?;
    audit::insert(&tx, &Entry::by(&caller, "api_key.update", id, trace)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(key.into()))
}
