//! Contacts change their numbers, or have none.

use common::testing::eventually;
use faults::{Options, System, Webhook};
use serde_json::{Value, json};

use crate::watch::{SOON, number, reply, taken, until_messages, until_status, until_worked_off};

fn changed(to: &str) -> Value {
    let system = json!({ "body": "Ada changed her number", "wa_id": to, "type": "user_changed_number" });
    json!({ "type": "system", "system": system })
}

/// The event of a changed number, as the provider tells it: without a profile.
fn change(webhook: Webhook, ours: &str, from: &str, id: &str, to: &str) -> Webhook {
    let mut message = changed(to);
    for (name, value) in [("id", id), ("from", from), ("timestamp", "1795233610")] {
        message[name] = json!(value);
    }
    webhook.value(ours, json!({ "messages": [message] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_changes_its_number_stays_in_its_conversation_and_is_answered_there() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let (old, new) = ("15550009001", "15550009002");
    client.contact_writes(old, "text 0").await.unwrap();
    until_messages(client, old, 1).await;
    let mut body = changed(new);
    body["to"] = json!(ours);
    client.sandbox_post(&format!("/contacts/{old}/messages"), &body).await.unwrap();
    let messages = until_messages(client, new, 2).await;
    assert_eq!(messages[1]["content"], json!({ "type": "system", "text": "Ada changed her number" }));
    let conversation = client.conversation_with(new).await.unwrap();
    assert_eq!(
        (&conversation["unreadCount"], &conversation["id"]),
        (&json!(1), &messages[0]["conversationId"])
    );
    let id = reply(client, conversation["id"].as_str().unwrap().parse().unwrap(), "to the new one").await;
    until_status(client, &id, "delivered").await;
    assert_eq!(taken(&system, new).await, ["to the new one"]);

    // Whatever comes from either is one conversation, in the order in which it came.
    for n in 1..40 {
        let from = if n % 3 == 0 { old } else { new };
        let webhook = Webhook::new().text(ours, from, &format!("wamid.N{n}"), &format!("text {n}"));
        assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    }
    let messages = until_messages(client, new, 42).await;
    let texts: Vec<&str> =
        messages[3..].iter().map(|message| message["content"]["text"].as_str().unwrap()).collect();
    let expected: Vec<String> = (1..40).map(|n| format!("text {n}")).collect();
    assert_eq!(texts, expected);
    assert_eq!(
        number(&system, "SELECT count(DISTINCT lane_key) FROM channel_events WHERE kind = 'message'").await,
        1
    );
    let list = client.api_get("/v1/conversations").await.unwrap();
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1, "{list}");
    // And once more.
    assert_eq!(
        client.post_webhook(&change(Webhook::new(), ours, new, "wamid.N99", "15550009003")).await.unwrap(),
        200
    );
    until_messages(client, "15550009003", 43).await;
    let told = "SELECT count(*) FROM events WHERE type = 'conversation.updated'";
    assert_eq!(number(&system, told).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_new_number_wrote_while_the_change_waited_comes_after_it_in_the_same_conversation() {
    let system = System::start(Options { without: vec!["inbound"], ..Options::default() }).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let (old, new) = ("15550009101", "15550009102");
    // More than one transaction works off at once, so that the change is in the last place of the first.
    let mut webhook = Webhook::new();
    for n in 0..399 {
        webhook = webhook.text(ours, old, &format!("wamid.O{n}"), &format!("text {n}"));
    }
    webhook = change(webhook, ours, old, "wamid.S", new);
    for n in 399..500 {
        webhook = webhook.text(ours, new, &format!("wamid.O{n}"), &format!("text {n}"));
    }
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    let _inbound = system.start_worker("inbound").unwrap();
    let messages = until_messages(client, new, 501).await;
    let texts = messages.iter().map(|message| message["content"]["text"].as_str().unwrap_or_default());
    let texts: Vec<&str> = texts.filter(|text| text.starts_with("text")).collect();
    let expected: Vec<String> = (0..500).map(|n| format!("text {n}")).collect();
    assert_eq!(texts, expected);
    until_worked_off(&system).await;
    assert_eq!(number(&system, "SELECT count(*) FROM conversations").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_with_a_conversation_of_its_own_keeps_it() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let (old, new) = ("15550009201", "15550009202");
    for (from, id) in [(old, "wamid.K1"), (new, "wamid.K2")] {
        assert_eq!(client.post_webhook(&Webhook::new().text(ours, from, id, "hi")).await.unwrap(), 200);
        until_messages(client, from, 1).await;
    }
    assert_eq!(client.post_webhook(&change(Webhook::new(), ours, old, "wamid.K3", new)).await.unwrap(), 200);
    let messages = until_messages(client, old, 2).await;
    let note = client.message(messages[1]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(crate::watch::entry(&note, "address_changed")["detail"]["linked"], false);
    assert_eq!(
        client.post_webhook(&Webhook::new().text(ours, new, "wamid.K4", "still me")).await.unwrap(),
        200
    );
    until_messages(client, new, 2).await;
    until_messages(client, old, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_without_a_number_writes_is_answered_and_reacts_by_its_user_id() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, user) = (&system.client, "US.13491208655302741919");
    client.contact_writes(user, "hi").await.unwrap();
    let messages = until_messages(client, user, 1).await;
    let conversation = messages[0]["conversationId"].as_str().unwrap().parse().unwrap();
    let id = reply(client, conversation, "hello").await;
    let sent = until_status(client, &id, "delivered").await;
    assert_eq!(taken(&system, user).await, ["hello"]);
    let target = &sent["providerMessageId"];
    let body = json!({ "to": client.number(), "type": "reaction", "reaction": { "message_id": target, "emoji": "👍" } });
    client.sandbox_post(&format!("/contacts/{user}/messages"), &body).await.unwrap();
    eventually("the reaction shows", SOON, async || {
        let message = client.message(&id).await.map_err(|error| error.to_string())?;
        if message["reactions"][0]["emoji"] == "👍" { Ok(()) } else { Err(message.to_string()) }
    })
    .await;
}
