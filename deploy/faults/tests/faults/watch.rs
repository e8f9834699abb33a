//! What the tests wait for and read off messages.

use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Client, System};
use serde_json::{Value, json};
use uuid::Uuid;

pub use faults::SOON;

/// The words of a message's timeline.
pub fn events(message: &Value) -> Vec<&str> {
    message["timeline"]
        .as_array()
        .map(|t| t.iter().filter_map(|e| e["event"].as_str()).collect())
        .unwrap_or_default()
}

/// The first timeline entry with this word.
pub fn entry<'a>(message: &'a Value, event: &str) -> &'a Value {
    let mut entries = message["timeline"].as_array().into_iter().flatten();
    entries.find(|entry| entry["event"] == event).unwrap_or_else(|| panic!("no {event} in {message}"))
}

/// Waits until a message has this status.
pub async fn until_status(client: &Client, id: &str, status: &str) -> Value {
    eventually(&format!("the message is {status}"), SOON, async || {
        let message = client.message(id).await.map_err(|error| error.to_string())?;
        if message["status"] == status { Ok(message) } else { Err(message.to_string()) }
    })
    .await
}

/// Waits until a message's timeline has this word.
pub async fn until_event(client: &Client, id: &str, event: &str) -> Value {
    eventually(&format!("the timeline tells {event}"), SOON, async || {
        let message = client.message(id).await.map_err(|error| error.to_string())?;
        if events(&message).contains(&event) { Ok(message) } else { Err(message.to_string()) }
    })
    .await
}

/// Replies, again if the server is busy, and returns the message's id.
pub async fn reply(client: &Client, conversation: ConversationId, text: &str) -> String {
    let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
    let key = Uuid::new_v4().to_string();
    let message = eventually("the reply is accepted", SOON, async || {
        match client.api_post("/v1/conversations/reply", &body, Some(&key)).await {
            Ok((202, message)) => Ok(message),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    message["id"].as_str().unwrap().to_owned()
}

/// The first column of the first row.
pub async fn number(system: &System, sql: &str) -> i64 {
    system.database.pool().get().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

/// The texts that the provider took for a recipient, in its order.
pub async fn taken(system: &System, recipient: &str) -> Vec<String> {
    let of =
        |entry: &Value| entry["recipient"].as_str().unwrap_or_default().trim_start_matches('+') == recipient;
    let text = |entry: &Value| entry["body"]["text"]["body"].as_str().unwrap_or_default().to_owned();
    system.ledger().await.unwrap().iter().filter(|entry| of(entry)).map(text).collect()
}

/// Waits until the conversation with an address has so many messages.
pub async fn until_messages(client: &Client, address: &str, wanted: usize) -> Vec<Value> {
    eventually(&format!("{wanted} messages with {address}"), SOON, async || {
        let conversation = client.conversation_with(address).await.map_err(|error| error.to_string())?;
        let found = client.messages(conversation["id"].as_str().unwrap_or_default()).await;
        let found = found.map_err(|error| error.to_string())?;
        if found.len() == wanted { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await
}

/// Waits until every channel event has been worked off.
pub async fn until_worked_off(system: &System) {
    eventually("every channel event is worked off", SOON, async || {
        match number(system, "SELECT count(*) FROM channel_events WHERE processed_at IS NULL").await {
            0 => Ok(()),
            found => Err(found),
        }
    })
    .await;
}

/// How many events of this type the event log has about a message.
pub async fn told(system: &System, kind: &str, message: &Value) -> i64 {
    let id: common::domain::ids::MessageId = message["id"].as_str().unwrap().parse().unwrap();
    let sql = "SELECT count(*) FROM events WHERE type = $1 AND message_id = $2";
    system.database.pool().get().await.unwrap().query_one(sql, &[&kind, &id.0]).await.unwrap().get(0)
}
