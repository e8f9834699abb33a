//! Every type that a contact can send shows up in its conversation.

use faults::{Options, System};
use serde_json::{Value, json};

use crate::watch::until_messages;

/// What a contact sends, with the type that is shown for it and whether somebody ought to read it.
fn spoken() -> Vec<(Value, &'static str, bool)> {
    let file = |kind: &str| json!({ "type": kind, kind: { "data": "aGVsbG8=", "mime_type": "image/png" } });
    let interactive = |kind: &str, answer: Value| json!({ "type": "interactive", "interactive": { "type": kind, kind: answer } });
    let form = json!({ "name": "flow", "body": "Sent", "response_json": "{\"stars\":5}" });
    vec![
        (json!({ "type": "text", "text": { "body": "hi" } }), "text", true),
        (file("image"), "image", true),
        (file("video"), "video", true),
        (file("audio"), "audio", true),
        (file("document"), "document", true),
        (file("sticker"), "sticker", true),
        (json!({ "type": "location", "location": { "latitude": 52.1, "longitude": 4.3 } }), "location", true),
        (
            json!({ "type": "contacts", "contacts": [{ "name": { "formatted_name": "Bo" } }] }),
            "contacts",
            true,
        ),
        (
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.nobody", "emoji": "👍" } }),
            "reaction",
            false,
        ),
        (json!({ "type": "button", "button": { "payload": "p", "text": "Yes" } }), "postback", true),
        (interactive("button_reply", json!({ "id": "a", "title": "A" })), "interactive", true),
        (interactive("list_reply", json!({ "id": "b", "title": "B" })), "interactive", true),
        (interactive("nfm_reply", form), "interactive", true),
        (json!({ "type": "order", "order": { "catalog_id": "1", "product_items": [] } }), "order", true),
        (
            json!({ "type": "system", "system": { "body": "Code changed", "type": "customer_identity_changed" } }),
            "system",
            false,
        ),
        (
            json!({ "type": "unsupported", "errors": [{ "code": 131051, "title": "Unknown" }] }),
            "unsupported",
            true,
        ),
        (json!({ "type": "text", "text": { "body": "all" }, "group_id": "G" }), "unsupported", true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_that_a_contact_sends_shows_up_in_its_conversation() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, from) = (&system.client, "15550005001");
    for (message, ..) in spoken() {
        let mut body = message;
        body["to"] = json!(client.number());
        client.sandbox_post(&format!("/contacts/{from}/messages"), &body).await.unwrap();
    }
    let messages = until_messages(client, from, spoken().len()).await;
    for (message, (told, shown, _)) in messages.iter().zip(spoken()) {
        assert_eq!(message["content"]["type"], shown, "{told} {message}");
        assert_eq!((&message["direction"], &message["status"]), (&json!("inbound"), &json!("delivered")));
    }
    assert_eq!(messages[12]["content"]["interactive"]["response"], json!({ "stars": 5 }));
    assert_eq!(messages[8]["content"]["messageId"], Value::Null);
    assert_eq!(messages[8]["context"]["quotedProviderId"], "wamid.nobody");
    assert!(messages[15]["content"]["reason"].is_string(), "{}", messages[15]);
    let unread = spoken().iter().filter(|(.., read)| *read).count();
    assert_eq!(client.conversation_with(from).await.unwrap()["unreadCount"], unread);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_and_messages_in_groups_open_no_reply_window_and_reactions_do() {
    let system = System::start(Options::default()).await.unwrap();
    let client = &system.client;
    let cases = [
        ("15550005101", json!({ "type": "system", "system": { "body": "Code changed" } }), "CLOSED"),
        ("15550005102", json!({ "type": "text", "text": { "body": "all" }, "group_id": "G" }), "CLOSED"),
        ("15550005103", json!({ "type": "reaction", "reaction": { "message_id": "wamid.x" } }), "OPEN"),
    ];
    for (from, mut message, window) in cases {
        message["to"] = json!(client.number());
        client.sandbox_post(&format!("/contacts/{from}/messages"), &message).await.unwrap();
        until_messages(client, from, 1).await;
        let conversation = client.conversation_with(from).await.unwrap();
        assert_eq!(conversation["messagingWindow"]["state"], window, "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surrounds_a_message_is_shown_beside_it() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, from) = (&system.client, "15550005201");
    let path = format!("/contacts/{from}/messages");
    let text = |more: Value| {
        let mut message = json!({ "to": client.number(), "type": "text", "text": { "body": "hi" } });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    };
    let first = client.sandbox_post(&path, &text(json!({}))).await.unwrap()["id"].clone();
    let referral = json!({ "source_type": "ad", "source_id": "9", "ctwa_clid": "click" });
    for more in [
        json!({ "context": { "id": first, "forwarded": true } }),
        json!({ "referral": referral }),
        json!({ "context": { "id": "wamid.gone" } }),
    ] {
        client.sandbox_post(&path, &text(more)).await.unwrap();
    }
    let messages = until_messages(client, from, 4).await;
    assert_eq!(messages[0].get("context"), None);
    assert_eq!(
        (&messages[1]["replyTo"], &messages[1]["context"]),
        (&messages[0]["id"], &json!({ "forwarded": true }))
    );
    let referral = json!({ "sourceType": "ad", "sourceId": "9", "clickId": "click" });
    assert_eq!(messages[2]["context"], json!({ "referral": referral }));
    assert_eq!(messages[3]["context"], json!({ "quotedProviderId": "wamid.gone" }));
    let alone = client.message(messages[2]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(alone["context"], messages[2]["context"]);
}
