//! `POST /v1/webhooks/{id}/test`.

use axum::extract::State;
use axum::response::Response;
use common::db::{self, audit, idempotency::Answer, webhook_log, webhooks};
use common::domain::ids::WebhookId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;

use super::{DeliveryView, disabled, entry, request, unknown};
use crate::auth::{Allowed, rights::WebhookUpdate};
use crate::extract::{IdempotencyKey, Path, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// Test a webhook
///
/// Posts an event `webhook.test`, once. The delivery's page says how it went.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:update"]))),
    params(("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")),
    responses((status = 202, description = "It is posted", body = DeliveryView, headers(("Location" = String))))
)]
pub async fn test_webhook(
    caller: Allowed<WebhookUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<WebhookId>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/webhooks/{id}/test", key, &request(&[id.0], b""));
    once.answer(&state.pool, test(&state, &caller, &once, id, trace)).await
}

async fn test(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    id: WebhookId,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let webhook = webhooks::lock(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    if !webhook.enabled {
        return Err(disabled().into());
    }
    let delivery = webhook_log::insert_test(&tx, (caller.organization, id)).await?;
    audit::insert(&tx, &entry(caller, "webhook.test", id, trace, None)).await?;
    let location = format!("/v1/webhooks/{id}/deliveries/{}", delivery.id);
    let view = DeliveryView::from(delivery);
    let answer = once.fill(&tx, StatusCode::ACCEPTED, &view, Some(location)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}
