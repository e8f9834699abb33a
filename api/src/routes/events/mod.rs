//! What happened in an organization, in the order of its numbers.

pub mod follow;

use common::domain::ids::{ConversationId, EventId, InboxId, MessageId};
use common::problem::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An event, as webhooks, the stream and pages tell it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct EventView {
    /// Id.
    #[schema(value_type = String, example = "evt_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    pub id: EventId,
    /// Its type.
    #[schema(example = "message.received")]
    pub r#type: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub timestamp: Timestamp,
    /// Its number in your organization: they rise one by one. Null for a test.
    pub sequence: Option<i64>,
    /// The inbox that it concerns.
    #[schema(value_type = Option<String>)]
    pub inbox_id: Option<InboxId>,
    /// The conversation that it concerns.
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// The message that it concerns.
    #[schema(value_type = Option<String>)]
    pub message_id: Option<MessageId>,
    /// What it tells, by its type; of an erased contact, `{"erased": true}`.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}
