//! What is told of an event: the same bytes in a webhook, on the stream and in pages.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::db::event_log::Entry;
use crate::domain::ids::{ConversationId, EventId, InboxId, MessageId};
use crate::problem::Timestamp;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: EventId,
    r#type: &'a str,
    timestamp: Timestamp,
    sequence: Option<i64>,
    inbox_id: Option<InboxId>,
    conversation_id: Option<ConversationId>,
    message_id: Option<MessageId>,
    data: &'a RawValue,
}

/// An event as JSON. A number below one is none.
///
/// # Errors
/// When it cannot be written, which no payload that was stored causes.
pub fn body(entry: &Entry) -> serde_json::Result<String> {
    let head = &entry.head;
    serde_json::to_string(&Body {
        id: head.id,
        r#type: &head.kind,
        timestamp: Timestamp(head.at),
        sequence: Some(head.seq).filter(|seq| *seq > 0),
        inbox_id: head.inbox.map(InboxId),
        conversation_id: head.conversation.map(ConversationId),
        message_id: head.message.map(MessageId),
        data: &entry.payload,
    })
}
