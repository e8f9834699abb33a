//! `POST /v1/webhooks/{id}/rotate-secret`.

use axum::extract::State;
use axum::response::Response;
use common::config::Secret;
use common::db::{self, audit, idempotency::Answer, webhooks};
use common::domain::ids::WebhookId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use common::webhooks::signature;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{WebhookView, check, entry, request, unknown};
use crate::auth::{Allowed, rights::WebhookUpdate};
use crate::extract::{IdempotencyKey, OptionalJson, Path, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;
use crate::text::Checks;

/// The secret that comes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct RotateWebhookSecret {
    /// `whsec_` and the base64 of 24 to 64 random bytes; a new one is made unless it is given.
    #[schema(value_type = Option<String>, write_only)]
    secret: Option<Secret>,
}

/// Rotate a webhook's secret
///
/// The new secret is in this answer and nowhere else. For 24 hours the one before it signs too: `webhook-signature` has both.
/// Rotating again within them ends the overlap with the oldest.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/rotate-secret", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:update"]))),
    params(("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")),
    request_body = RotateWebhookSecret,
    responses((status = 200, description = "The webhook, with its new secret", body = WebhookView))
)]
pub async fn rotate_webhook_secret(
    caller: Allowed<WebhookUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<WebhookId>,
    OptionalJson(input, body): OptionalJson<RotateWebhookSecret>,
) -> Result<Response, Problem> {
    let route = "POST /v1/webhooks/{id}/rotate-secret";
    let once = Once::new(&caller, route, key, &request(&[id.0], &body)).sealed(&state.sealer);
    once.answer(&state.pool, rotate(&state, &caller, &once, (id, input), trace)).await
}

async fn rotate(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    (id, input): (WebhookId, RotateWebhookSecret),
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut checks = Checks::default();
    check::secret(&mut checks, input.secret.as_ref());
    checks.finish()?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    webhooks::lock(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    let secret = input.secret.unwrap_or_else(signature::mint);
    let sealed = webhooks::seal(&state.sealer, id, secret.expose().as_bytes()).map_err(Problem::internal)?;
    webhooks::rotate(&tx, caller.organization, id, &sealed).await?;
    audit::insert(&tx, &entry(caller, "webhook.rotate_secret", id, trace, None)).await?;
    let webhook = webhooks::find(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    let view = WebhookView::from(webhook).showing(&secret);
    let answer = once.fill(&tx, StatusCode::OK, &view, None).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}
