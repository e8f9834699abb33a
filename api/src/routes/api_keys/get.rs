//! `GET /v1/api-keys/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::api_keys;
use common::domain::ids::ApiKeyId;
use common::problem::Problem;

use super::ApiKeyView;
use crate::auth::{Allowed, rights::ApiKeyRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get an API key
#[utoipa::path(
    get, path = "/v1/api-keys/{id}", tag = "API keys",
    extensions(("x-required-scopes" = json!(["api_key:read"]))),
    params(("id" = String, Path, description = "Id of the API key", example = "key_01KASDN3Z8T5P1R7V9X0Y2B4CD")),
    responses((status = 200, description = "The API key", body = ApiKeyView))
)]
pub async fn get_api_key(
    caller: Allowed<ApiKeyRead>,
    State(state): State<AppState>,
    Path(id): Path<ApiKeyId>,
) -> Result<Json<ApiKeyView>, Problem> {
    let client = state.db().await?;
    let found = api_keys::find(&client, caller.organization, id, false).await?;
    found.map(|it| Json(it.into())).ok_or_else(|| Problem::not_found("API key"))
}
