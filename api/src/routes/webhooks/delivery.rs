//! `GET /v1/webhooks/{id}/deliveries/{deliveryId}`.

use axum::Json;
use axum::extract::State;
use common::db::{webhook_log, webhooks};
use common::domain::ids::{WebhookDeliveryId, WebhookId};
use common::problem::Problem;

use super::{AttemptView, DeliveryView, unknown};
use crate::auth::{Allowed, rights::WebhookRead};
use crate::extract::Nested;
use crate::state::AppState;

/// Get a webhook's delivery
///
/// With its tries, and what the endpoint answered.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries/{deliveryId}", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:read"]))),
    params(
        ("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
        ("deliveryId" = String, Path, description = "Id of the delivery", example = "whd_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
    ),
    responses((status = 200, description = "The delivery", body = DeliveryView))
)]
pub async fn get_webhook_delivery(
    caller: Allowed<WebhookRead>,
    State(state): State<AppState>,
    Nested(id, delivery): Nested<WebhookId, WebhookDeliveryId>,
) -> Result<Json<DeliveryView>, Problem> {
    let client = state.db().await?;
    webhooks::find(&client, caller.organization, id).await?.ok_or_else(unknown)?;
    let found = webhook_log::find(&client, (caller.organization, id), delivery).await?;
    let mut view = DeliveryView::from(found.ok_or_else(|| Problem::not_found("delivery"))?);
    let attempts = webhook_log::attempts(&client, delivery).await?;
    view.attempts = Some(attempts.into_iter().map(AttemptView::from).collect());
    Ok(Json(view))
}
