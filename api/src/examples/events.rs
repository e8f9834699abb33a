//! Events as the description shows them: what is posted to an endpoint, by type.

use common::domain::event::{ALL, EventType, TEST};
use serde_json::{Map, Value, json};

const CONVERSATION: &str = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C";
const MESSAGE: &str = "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B";
const INBOX: &str = "ibx_01KASDN9Q2V7C3M8K5R1T6W4XZ";
const CONTACT: &str = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE";
const WEBHOOK: &str = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC";
const TIME: &str = "2026-11-21T04:11:39.120Z";

/// The section `webhooks` of the description: each type of events, with an example.
pub fn webhooks() -> Value {
    let test =
        EventType { name: TEST, meaning: "A test that was asked for; it is in no log and has no number." };
    let events = ALL.iter().copied().chain([test]);
    events
        .map(|event| (event.name.to_owned(), json!({ "post": operation(event) })))
        .collect::<Map<_, _>>()
        .into()
}

fn operation(event: EventType) -> Value {
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "required": true, "description": description, "schema": { "type": "string" } });
    json!({
        "operationId": format!("webhook.{}", event.name),
        "tags": ["Events"],
        "summary": event.meaning,
        "description": "Answer 2xx within 15 seconds; 410 disables the webhook; anything else is tried again for more than three days.",
        "security": [],
        "parameters": [
            header("webhook-id", "The event's id, the same at every try: by it you know an event that you have"),
            header("webhook-timestamp", "When this try was made, in seconds since 1970"),
            header("webhook-signature", "`v1,` and base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`; several, separated by spaces, while a secret is replaced"),
        ],
        "requestBody": { "required": true, "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Event" }, "example": example(event.name),
        } } },
        "responses": {
            "2XX": { "description": "Taken" },
            "410": { "description": "Nobody wants events here any more" },
            "default": { "description": "It is tried again" },
        },
    })
}

/// An event of a type.
pub fn example(name: &str) -> Value {
    let message = name.starts_with("message.");
    let conversation = message || name.starts_with("conversation.");
    json!({
        "id": "evt_01KASDQ2M3T4V5W6X7Y8Z9A0BC", "type": name, "timestamp": TIME,
        "sequence": (name != TEST).then_some(42),
        "inboxId": (conversation || name.starts_with("inbox.")).then_some(INBOX),
        "conversationId": conversation.then_some(CONVERSATION),
        "messageId": message.then_some(MESSAGE),
        "data": data(name),
    })
}

fn data(name: &str) -> Value {
    match name {
        "message.received" => json!({
            "message": told("inbound", "delivered"),
            "contact": { "id": CONTACT, "name": "Ada", "address": "15550001111" },
        }),
        "message.failed" => {
            let mut message = told("outbound", "failed");
            message["failure"] = json!({
                "code": "recipient_unreachable", "providerCode": "131026", "title": "Message undeliverable",
                "detail": null, "retryable": false,
            });
            json!({ "message": message })
        }
        "message.sent" => json!({ "message": told("outbound", "sent") }),
        "message.delivered" => json!({ "message": told("outbound", "delivered") }),
        "message.read" => json!({ "message": told("outbound", "read") }),
        "message.updated" => {
            let mut message = told("inbound", "delivered");
            message["content"] = json!({ "type": "text", "text": "Hello again" });
            message["editedAt"] = json!(TIME);
            json!({ "message": message })
        }
        name if name.starts_with("message.") => json!({ "message": told("outbound", "pending") }),
        "conversation.created" => json!({ "conversation": {
            "id": CONVERSATION, "inboxId": INBOX, "contact": { "id": CONTACT, "name": "Ada", "address": "15550001111" },
        } }),
        "conversation.updated" => {
            json!({ "conversation": { "id": CONVERSATION, "inboxId": INBOX, "unreadCount": 0 } })
        }
        "conversation.window_closing" => json!({ "conversation": {
            "id": CONVERSATION, "inboxId": INBOX, "contact": { "id": CONTACT, "name": "Ada", "address": "15550001111" },
            "assignee": { "userId": "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA", "name": "Olu" },
            "messagingWindow": { "state": "OPEN", "expiresAt": "2026-11-21T05:10:02.000Z" },
        } }),
        "inbox.status_changed" => json!({
            "inbox": {
                "id": INBOX, "channel": "whatsapp", "name": "Support WhatsApp",
                "status": { "state": "disconnected", "reasons": ["token_expired"] },
            },
            "previousStatus": { "state": "active", "reasons": [] },
        }),
        "conversation.assigned" => {
            assigned(&json!({ "userId": "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA", "name": "Olu" }), &Value::Null)
        }
        "conversation.unassigned" => assigned(&Value::Null, &json!("usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")),
        "webhook.disabled" => json!({
            "webhook": { "id": WEBHOOK, "url": "https://example.com/hooks/switchboard", "description": "Our CRM", "inboxIds": [] },
            "reason": "failing",
        }),
        _ => json!({ "webhook": { "id": WEBHOOK } }),
    }
}

fn told(direction: &str, status: &str) -> Value {
    let sender = match direction {
        "inbound" => json!({ "type": "contact", "id": CONTACT, "name": "Ada" }),
        _ => json!({ "type": "apiKey", "id": "key_01KASDN5S6T7V8W9X0Y1Z2A3BC", "name": "Our CRM" }),
    };
    json!({
        "id": MESSAGE, "conversationId": CONVERSATION, "direction": direction, "timestamp": TIME,
        "content": { "type": "text", "text": "Hello" }, "status": status, "sender": sender, "replyTo": null,
        "reactions": [], "failure": null, "providerMessageId": "wamid.HBgLMTU1NTAwMDExMTE", "scheduledAt": null,
    })
}

fn assigned(assignee: &Value, previous: &Value) -> Value {
    let by = json!({
        "type": "apiKey", "id": "key_01KASDN5S6T7V8W9X0Y1Z2A3BC", "name": "Our CRM", "userId": "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA",
    });
    json!({
        "conversation": { "id": CONVERSATION, "inboxId": INBOX, "assignee": assignee },
        "previousAssigneeId": previous, "by": by,
    })
}
