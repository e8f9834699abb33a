//! The audit log: each write that somebody asked for.

pub mod list;

use common::db::audit::Noted;
use common::domain::ids::{
    ApiKeyId, AuditId, ConnectionId, ContactId, ConversationId, CustomerId, InboxId, MediaId, MessageId,
    OrganizationId, PhoneNumberId, TeamId, UserId, WebhookId,
};
use common::problem::Timestamp;
use common::trace::TraceId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A write that somebody asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Id.
    #[schema(value_type = String, example = "aud_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    id: AuditId,
    /// When it was done.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    at: Timestamp,
    /// Who asked.
    actor: AuditActor,
    /// What was done: noun and verb.
    #[schema(example = "webhook.update")]
    action: String,
    /// To what.
    #[schema(example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    resource_id: String,
    /// The request, as its answer's `X-Trace-Id` named it.
    trace_id: Option<String>,
    /// What changed, without secrets, texts and addresses.
    #[schema(value_type = Option<Object>)]
    detail: Option<Value>,
}

/// Who asked for a write.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditActor {
    /// `apiKey`, `operator` (the command line), `sharedLink` or `embed`.
    #[serde(rename = "type")]
    #[schema(example = "apiKey")]
    kind: String,
    /// The key, link or embed; none for the operator.
    #[schema(example = "key_01KASDN5S6T7V8W9X0Y1Z2A3BC")]
    id: Option<String>,
    /// The key's name.
    #[schema(example = "Our CRM")]
    name: Option<String>,
}

impl From<Noted> for AuditEntry {
    fn from(noted: Noted) -> Self {
        let actor = noted.actor.map(|id| match noted.actor_type.as_str() {
            "apiKey" => ApiKeyId(id).to_string(),
            _ => id.to_string(),
        });
        Self {
            id: noted.id,
            at: Timestamp(noted.at),
            actor: AuditActor { kind: noted.actor_type, id: actor, name: noted.actor_name },
            resource_id: shown(&noted.action, noted.resource),
            action: noted.action,
            trace_id: noted.trace.map(|trace| TraceId(trace).to_string()),
            detail: noted.detail,
        }
    }
}

/// A resource's id in the form in which its own routes show it.
fn shown(action: &str, id: Uuid) -> String {
    match action.split('.').next().unwrap_or_default() {
        "api_key" => ApiKeyId(id).to_string(),
        "connection" => ConnectionId(id).to_string(),
        "contact" => ContactId(id).to_string(),
        "conversation" => ConversationId(id).to_string(),
        "customer" => CustomerId(id).to_string(),
        "inbox" => InboxId(id).to_string(),
        "media" => MediaId(id).to_string(),
        "message" => MessageId(id).to_string(),
        "organization" => OrganizationId(id).to_string(),
        "phone_number" => PhoneNumberId(id).to_string(),
        "team" => TeamId(id).to_string(),
        "user" => UserId(id).to_string(),
        "webhook" => WebhookId(id).to_string(),
        _ => id.to_string(),
    }
}
