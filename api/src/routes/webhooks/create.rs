//! `POST /v1/webhooks`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use common::config::Secret;
use common::db::webhooks::{self, Settings};
use common::db::{self, audit, idempotency::Answer};
use common::domain::event::EVERY;
use common::domain::ids::{InboxId, WebhookId};
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use common::webhooks::signature;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{WebhookView, check, entry};
use crate::auth::{Allowed, rights::WebhookCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;
use crate::text::Checks;

/// Most endpoints of an organization.
const MOST: i64 = 100;

/// An endpoint and what it is to get.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "url": "https://example.com/hooks/switchboard", "events": ["message.received", "message.failed"],
    "description": "Our CRM", "headers": { "Authorization": "Bearer token-of-yours" }, "ordered": true,
}))]
pub struct CreateWebhook {
    /// Where events are posted to: an https address, at most 2,048 characters.
    #[schema(max_length = 2048)]
    url: String,
    /// Types of events, or `*` for all; all unless said otherwise.
    #[serde(default = "every")]
    #[schema(value_type = Option<Vec<String>>)]
    events: Vec<String>,
    /// Events of these inboxes only, at most 200.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    inbox_ids: Vec<InboxId>,
    /// What it is for, 1 to 500 characters.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Further headers to send, at most 20; kept sealed and never shown.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::HashMap<String, String>>, write_only)]
    headers: BTreeMap<String, String>,
    /// A header for the hex HMAC-SHA256 of the body under the secret's text, for receivers that expect that.
    hex_signature_header: Option<String>,
    /// Whether a conversation's events are posted one by one, each when the one before it was taken or given up.
    #[serde(default)]
    ordered: bool,
    /// The secret to sign with, of an endpoint that has one already: `whsec_` and the base64 of 24 to 64 random bytes. A new one is made
    /// unless it is given.
    #[schema(value_type = Option<String>, write_only)]
    secret: Option<Secret>,
}

fn every() -> Vec<String> {
    vec![EVERY.to_owned()]
}

/// Create a webhook
///
/// Events that happen from now on are posted to the address, signed by the [Standard Webhooks](https://www.standardwebhooks.com)
/// scheme. The secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:create"]))),
    request_body = CreateWebhook,
    responses((status = 201, description = "Created", body = WebhookView, headers(("Location" = String))))
)]
pub async fn create_webhook(
    caller: Allowed<WebhookCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateWebhook>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/webhooks", key, &body).sealed(&state.sealer);
    once.answer(&state.pool, create(&state, &caller, &once, input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    mut input: CreateWebhook,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut checks = Checks::default();
    check::description(&mut checks, input.description.as_deref());
    check::events(&mut checks, &mut input.events);
    check::headers(&mut checks, &input.headers);
    check::secret(&mut checks, input.secret.as_ref());
    if let Some(name) = &input.hex_signature_header {
        check::header_name(&mut checks, "hexSignatureHeader", name);
    }
    checks.finish()?;
    let url = check::url(state, &input.url).await?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    if webhooks::count(&tx, caller.organization).await? >= MOST {
        let detail = format!("Your organization has {MOST} webhooks already");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_webhooks", detail).into());
    }
    let settings = Settings {
        url,
        description: input.description,
        event_types: input.events,
        inboxes: check::inboxes(&tx, caller.organization, &input.inbox_ids).await?,
        hex_signature_header: input.hex_signature_header,
        ordered: input.ordered,
    };
    let (id, secret) = (WebhookId::new(), input.secret.unwrap_or_else(signature::mint));
    let headers = check::seal(&state.sealer, id, &input.headers)?;
    let sealed = webhooks::seal(&state.sealer, id, secret.expose().as_bytes()).map_err(Problem::internal)?;
    let by = (id, caller.user);
    let webhook = webhooks::insert(&tx, caller.organization, by, &settings, &headers, &sealed).await?;
    let detail = json!({ "events": webhook.event_types });
    audit::insert(&tx, &entry(caller, "webhook.create", id, trace, Some(detail))).await?;
    let view = WebhookView::from(webhook).showing(&secret);
    let answer = once.fill(&tx, StatusCode::CREATED, &view, Some(format!("/v1/webhooks/{id}"))).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}
