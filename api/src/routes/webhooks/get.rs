//! `GET /v1/webhooks/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::webhooks;
use common::domain::ids::WebhookId;
use common::problem::Problem;

use super::{WebhookView, unknown};
use crate::auth::{Allowed, rights::WebhookRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:read"]))),
    params(("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")),
    responses((status = 200, description = "The webhook", body = WebhookView))
)]
pub async fn get_webhook(
    caller: Allowed<WebhookRead>,
    State(state): State<AppState>,
    Path(id): Path<WebhookId>,
) -> Result<Json<WebhookView>, Problem> {
    let client = state.db().await?;
    let found = webhooks::find(&client, caller.organization, id).await?;
    found.map(|webhook| Json(webhook.into())).ok_or_else(unknown)
}
