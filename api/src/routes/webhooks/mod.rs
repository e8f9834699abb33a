//! Endpoints of clients' own, to which events are posted.

pub mod check;
pub mod create;
pub mod delete;
pub mod deliveries;
pub mod delivery;
pub mod get;
pub mod list;
pub mod redeliver;
pub mod replay;
pub mod rotate_secret;
pub mod test;
pub mod update;

use common::config::Secret;
use common::db::audit::{Actor, Entry};
use common::db::webhook_log::{Attempt, Delivery};
use common::db::webhooks::Webhook;
use common::domain::ids::{ConversationId, EventId, InboxId, UserId, WebhookDeliveryId, WebhookId};
use common::domain::principal::Principal;
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// An endpoint. Its secret is shown when it is made, and what its headers say is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub struct WebhookView {
    /// Id.
    #[schema(value_type = String, example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    pub id: WebhookId,
    /// Where events are posted to.
    #[schema(example = "https://example.com/hooks/switchboard")]
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Types of events, or `*` for all.
    #[schema(example = json!(["message.received", "message.failed"]))]
    pub events: Vec<String>,
    /// Events of these inboxes only; none listed means every event.
    #[schema(value_type = Vec<String>)]
    pub inbox_ids: Vec<InboxId>,
    /// Names of further headers that are sent.
    pub header_names: Vec<String>,
    /// The header that takes the hex HMAC-SHA256 of the body under the secret's text, beside the standard signature.
    pub hex_signature_header: Option<String>,
    /// Whether a conversation's events are posted one by one, each when the one before it was taken or given up.
    pub ordered: bool,
    /// Whether events are posted.
    pub enabled: bool,
    /// Why not: `request`, `gone` (it answered 410), `failing` (for days).
    pub disabled_reason: Option<String>,
    /// Since when not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub disabled_at: Option<Timestamp>,
    /// Since when every try has failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// The secret, `whsec_…`: only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
    /// Until when the secret before this one signs too.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub previous_secret_expires_at: Option<Timestamp>,
    /// Who created it.
    #[schema(value_type = String, example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")]
    pub created_by: UserId,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            description: webhook.description,
            events: webhook.event_types,
            inbox_ids: webhook.inboxes.into_iter().map(InboxId).collect(),
            header_names: webhook.header_names,
            hex_signature_header: webhook.hex_signature_header,
            ordered: webhook.ordered,
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason,
            disabled_at: webhook.disabled_at.map(Timestamp),
            failing_since: webhook.failing_since.map(Timestamp),
            secret: None,
            previous_secret_expires_at: webhook.previous_secret_until.map(Timestamp),
            created_by: webhook.created_by,
            created_at: Timestamp(webhook.created_at),
            updated_at: Timestamp(webhook.updated_at),
        }
    }
}

impl WebhookView {
    /// With the secret, which is shown this once.
    fn showing(mut self, secret: &Secret) -> Self {
        self.secret = Some(secret.expose().to_owned());
        self
    }
}

/// The posting of an event to an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
pub struct DeliveryView {
    /// Id.
    #[schema(value_type = String, example = "whd_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    pub id: WebhookDeliveryId,
    /// The endpoint.
    #[schema(value_type = String, example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    pub webhook_id: WebhookId,
    /// The event; its `webhook-id` at every try.
    #[schema(value_type = String, example = "evt_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    pub event_id: EventId,
    /// Its type.
    #[schema(example = "message.received")]
    pub event_type: String,
    /// Its number; null for a test.
    pub sequence: Option<i64>,
    /// The conversation that it concerns.
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// `pending` while it is tried, `delivered`, or `failed` after the last try.
    #[schema(example = "delivered")]
    pub status: &'static str,
    /// Tries begun.
    pub attempt_count: i32,
    /// When it is tried next; null while one of its conversation is before it, and once it has ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was noted.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// The last hundred tries, in order; only where one delivery is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<AttemptView>>,
}

/// A try at posting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookAttempt)]
pub struct AttemptView {
    /// Its number.
    pub number: i32,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub started_at: Timestamp,
    /// How long it took; null while it is under way, and if nobody knows how it ended.
    pub duration_ms: Option<i64>,
    /// `delivered`, `refused`, `redirect`, `gone`, `timeout`, `not_connected`, `broken_off`, `address_not_allowed`,
    /// `secret_unreadable`, `event_gone`; `unknown` while nobody knows.
    #[schema(example = "refused")]
    pub outcome: String,
    /// The HTTP status.
    pub response_status: Option<i16>,
    /// The beginning of the answer's body.
    pub response_body: Option<String>,
    /// What went wrong otherwise.
    pub error: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let status = match delivery.state.as_str() {
            "delivered" => "delivered",
            "failed" => "failed",
            _ => "pending",
        };
        Self {
            id: delivery.id,
            webhook_id: delivery.webhook,
            event_id: delivery.event,
            event_type: delivery.kind,
            sequence: delivery.seq,
            conversation_id: delivery.conversation.map(ConversationId),
            status,
            attempt_count: delivery.attempts,
            next_attempt_at: delivery.due_at.filter(|_| delivery.state == "pending").map(Timestamp),
            created_at: Timestamp(delivery.created_at),
            ended_at: delivery.ended_at.map(Timestamp),
            attempts: None,
        }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: Timestamp(attempt.started_at),
            duration_ms: attempt.ended_at.map(|end| (end - attempt.started_at).num_milliseconds().max(0)),
            outcome: attempt.outcome.unwrap_or_else(|| "unknown".to_owned()),
            response_status: attempt.status,
            response_body: attempt.response,
            error: attempt.error,
        }
    }
}

fn entry(
    caller: &Principal,
    action: &'static str,
    id: WebhookId,
    trace: TraceId,
    detail: Option<Value>,
) -> Entry {
    Entry {
        organization: caller.organization,
        actor: Actor::Caller(caller.credential),
        action,
        resource: id.0,
        trace: Some(trace),
        detail,
    }
}

fn unknown() -> Problem {
    Problem::not_found("webhook")
}

fn disabled() -> Problem {
    let detail = "The webhook is disabled; enable it first";
    Problem::new(StatusCode::CONFLICT, "webhook_disabled", detail)
}

/// What a POST to an endpoint is repeated as: the ids are part of it, for the route's template names none.
fn request(ids: &[uuid::Uuid], body: &[u8]) -> Vec<u8> {
    let mut request: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
    request.extend_from_slice(body);
    request
}
