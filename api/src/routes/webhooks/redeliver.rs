//! `POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver`.

use axum::extract::State;
use axum::response::Response;
use common::db::{self, audit, idempotency::Answer, retention, webhook_log, webhooks};
use common::domain::ids::{WebhookDeliveryId, WebhookId};
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde_json::json;

use super::{DeliveryView, disabled, entry, request, unknown};
use crate::auth::{Allowed, rights::WebhookUpdate};
use crate::extract::{IdempotencyKey, Nested, Trace};
use crate::idempotency::{Once, Stopped};
use crate::problems;
use crate::state::AppState;

/// Redeliver to a webhook
///
/// Posts the event once more, with all its tries, under the same `webhook-id`; whether it was taken or given up before.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:update"]))),
    params(
        ("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
        ("deliveryId" = String, Path, description = "Id of the delivery", example = "whd_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
    ),
    responses(
        (status = 202, description = "It is posted", body = DeliveryView, headers(("Location" = String))),
        (status = 410, description = "Its event is no longer kept (`events_gone`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn redeliver_webhook(
    caller: Allowed<WebhookUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Nested(id, delivery): Nested<WebhookId, WebhookDeliveryId>,
) -> Result<Response, Problem> {
    let route = "POST /v1/webhooks/{id}/deliveries/{deliveryId}/redeliver";
    let once = Once::new(&caller, route, key, &request(&[id.0, delivery.0], b""));
    once.answer(&state.pool, redeliver(&state, &caller, &once, (id, delivery), trace)).await
}

async fn redeliver(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    (id, delivery): (WebhookId, WebhookDeliveryId),
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let webhook = webhooks::lock(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    let found = webhook_log::find(&tx, (caller.organization, id), delivery).await?;
    let found = found.ok_or_else(|| Problem::not_found("delivery"))?;
    if !webhook.enabled {
        return Err(disabled().into());
    }
    let kept = retention::hold(&tx, caller.organization).await?;
    if found.seq.is_some_and(|seq| seq <= kept.after) {
        let detail = "The event of this delivery is no longer kept";
        return Err(problems::events_gone("deliveryId", detail).into());
    }
    let again = webhook_log::again(&tx, id, delivery).await?.ok_or_else(|| {
        let detail = "The delivery has not ended; it is tried again by itself";
        Problem::new(StatusCode::CONFLICT, "delivery_under_way", detail)
    })?;
    let detail = json!({ "deliveryId": delivery });
    audit::insert(&tx, &entry(caller, "webhook.redeliver", id, trace, Some(detail))).await?;
    let location = format!("/v1/webhooks/{id}/deliveries/{delivery}");
    let view = DeliveryView::from(again);
    let answer = once.fill(&tx, StatusCode::ACCEPTED, &view, Some(location)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}
