//! The main journeys, with nothing broken.

use common::testing::eventually;
use faults::{Options, SOON, System};
use serde_json::Value;

fn events(message: &Value) -> Vec<&str> {
    message["timeline"]
        .as_array()
        .map(|t| t.iter().filter_map(|e| e["event"].as_str()).collect())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_writes_a_client_replies_and_the_reply_is_delivered_once() {
    let system = System::start(Options::default()).await.unwrap();
    system.client.contact_writes("15550001111", "Hello?").await.unwrap();
    let conversation = eventually("the conversation shows up", SOON, async || {
        let list = system.client.api_get("/v1/conversations").await.map_err(|e| e.to_string())?;
        list["conversations"].as_array().and_then(|c| c.first().cloned()).ok_or(list.to_string())
    })
    .await;
    assert_eq!(
        (&conversation["unreadCount"], &conversation["lastMessage"]["preview"]),
        (&1.into(), &"Hello?".into())
    );
    assert_eq!(conversation["contact"]["address"], "15550001111");
    let id = conversation["id"].as_str().unwrap().parse().unwrap();
    let accepted = system.client.reply(id, "Hi there").await.unwrap();
    assert_eq!(accepted["status"], "pending");
    let message = eventually("the reply is delivered", SOON, async || {
        let message =
            system.client.message(accepted["id"].as_str().unwrap()).await.map_err(|e| e.to_string())?;
        if message["status"] == "delivered" { Ok(message) } else { Err(message.to_string()) }
    })
    .await;
    let events = events(&message);
    assert_eq!(&events[..3], ["accepted", "sending", "sent"], "{message}");
    let ledger = system.ledger().await.unwrap();
    assert_eq!(ledger.len(), 1, "{ledger:?}");
    assert_eq!(ledger[0]["providerId"], message["providerMessageId"]);
}
