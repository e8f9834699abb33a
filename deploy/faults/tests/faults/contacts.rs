//! Contacts that are blocked, opted out or merged while messages come and go.

use common::testing::eventually;
use faults::{Options, System, Webhook};
use serde_json::{Value, json};

use crate::watch::{SOON, events, number, reply, taken, until_status};

/// Waits until a contact has written from this address; the conversation as it is then listed.
pub async fn conversation_with(system: &System, address: &str) -> Value {
    eventually("the contact's conversation is there", SOON, async || {
        system.client.conversation_with(address).await.map_err(|error| error.to_string())
    })
    .await
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Posts to a contact, which answers 204.
async fn act(system: &System, contact: &str, verb: &str, body: Value) {
    let path = format!("/v1/contacts/{contact}/{verb}");
    let (status, body) = system.client.api_call("POST", &path, &body).await.unwrap();
    assert_eq!(status, 204, "{body}");
}

/// Waits until a conversation has these texts.
async fn until_texts(system: &System, conversation: &str, expected: &[&str]) -> Vec<Value> {
    eventually("all texts are there", SOON, async || {
        let messages = system.client.messages(conversation).await.map_err(|error| error.to_string())?;
        let texts: Vec<&str> =
            messages.iter().map(|m| m["content"]["text"].as_str().unwrap_or_default()).collect();
        if texts == expected { Ok(messages) } else { Err(format!("{texts:?}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blocked_contact_writes_is_kept_and_raises_nothing() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, address) = (&system.client, "15551700001");
    client.contact_writes(address, "before").await.unwrap();
    let before = conversation_with(&system, address).await;
    let (id, contact) = (text(&before, "id").to_owned(), text(&before["contact"], "id").to_owned());
    act(&system, &contact, "block", Value::Null).await;
    let archive = "UPDATE conversations SET state = 'archived'";
    system.database.pool().get().await.unwrap().execute(archive, &[]).await.unwrap();
    let path = format!("/v1/conversations/{id}");
    let archived = client.api_get(&path).await.unwrap();
    client.contact_writes(address, "while blocked").await.unwrap();
    let messages = until_texts(&system, &id, &["before", "while blocked"]).await;
    let mut after = client.api_get(&path).await.unwrap();
    // The channel's window did open; nothing else shows.
    after["messagingWindow"] = archived["messagingWindow"].clone();
    assert_eq!(after, archived);
    let message = client.message(text(&messages[1], "id")).await.unwrap();
    assert!(events(&message).contains(&"contact_blocked"), "{message}");
    assert_eq!(number(&system, "SELECT count(*) FROM events WHERE type = 'message.received'").await, 1);
    // Nor does a file, once it is there.
    client.contact_sends(address, ("image", "image/png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").await.unwrap();
    eventually("the file is there", SOON, async || {
        match number(&system, "SELECT count(*) FROM media WHERE state = 'ready'").await {
            1 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    assert_eq!(number(&system, "SELECT count(*) FROM events WHERE type = 'message.updated'").await, 0);

    act(&system, &contact, "unblock", Value::Null).await;
    client.contact_writes(address, "after").await.unwrap();
    until_texts(&system, &id, &["before", "while blocked", "", "after"]).await;
    let after = client.api_get(&path).await.unwrap();
    assert_eq!((&after["state"], &after["unreadCount"]), (&json!("open"), &json!(2)), "{after}");
    assert_eq!(after["lastMessage"]["preview"], "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_contact_that_is_blocked_or_opts_out_fails_with_that_code() {
    let options = Options { without: vec!["outbound"], ..Options::default() };
    let system = System::start(options).await.unwrap();
    let conversations = system.conversations("155517010", 2).await;
    let mut waiting = Vec::new();
    for (conversation, verb, body) in [
        (conversations[0], "block", Value::Null),
        (conversations[1], "opt-out", json!({ "category": "all" })),
    ] {
        waiting.push([
            reply(&system.client, conversation, "one").await,
            reply(&system.client, conversation, "two").await,
        ]);
        let shown = system.client.api_get(&format!("/v1/conversations/{conversation}")).await.unwrap();
        act(&system, text(&shown["contact"], "id"), verb, body).await;
    }
    let _outbound = system.start_worker("outbound").unwrap();
    for (messages, code) in waiting.iter().zip(["contact_blocked", "contact_opted_out"]) {
        for id in messages {
            let message = until_status(&system.client, id, "failed").await;
            assert_eq!(message["failure"]["code"], code, "{message}");
        }
    }
    assert_eq!(system.ledger().await.unwrap().len(), 0);
    assert_eq!(number(&system, "SELECT count(*) FROM lanes WHERE state <> 'idle'").await, 0);
}

/// Posts what a contact said to its channel of marketing, at this second.
async fn prefers(system: &System, address: &str, value: &str, at: i64) {
    let preference = json!({ "wa_id": address, "detail": "User requested", "category": "marketing_messages",
        "value": value, "timestamp": at });
    let value = json!({ "user_preferences": [preference] });
    let webhook = Webhook::new().change(system.client.number(), "user_preferences", value);
    assert_eq!(system.client.post_webhook(&webhook).await.unwrap(), 200);
}

async fn until_opted_out(system: &System, contact: &str, expected: Value) {
    eventually("the contact's wish is known", SOON, async || {
        let found = system.client.api_get(&format!("/v1/contacts/{contact}")).await;
        let found = found.map_err(|error| error.to_string())?;
        if found["optedOut"] == expected { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_channel_says_of_marketing_is_noted_in_the_order_it_was_said() {
    let system = System::start(Options::default()).await.unwrap();
    let address = "155517020000";
    let conversation = system.conversations("15551702", 1).await[0];
    let shown = system.client.api_get(&format!("/v1/conversations/{conversation}")).await.unwrap();
    let contact = text(&shown["contact"], "id").to_owned();
    let refuse = json!({ "times": 1, "fault": { "refuse": { "httpStatus": 400, "code": 131050 } } });
    system.client.fault(&refuse).await.unwrap();
    let id = reply(&system.client, conversation, "refused").await;
    let message = until_status(&system.client, &id, "failed").await;
    assert_eq!(message["failure"]["code"], "recipient_opted_out", "{message}");
    until_opted_out(&system, &contact, json!("marketing")).await;
    // Marketing is one thing, an answer another.
    let next = reply(&system.client, conversation, "sent all the same").await;
    until_status(&system.client, &next, "delivered").await;
    let now = chrono::Utc::now().timestamp();
    prefers(&system, address, "resume", now + 20).await;
    until_opted_out(&system, &contact, Value::Null).await;
    // Older than the resume, though it comes later; what follows it shows that it was worked off.
    prefers(&system, address, "stop", now + 10).await;
    prefers(&system, "15551709999", "stop", now + 10).await;
    eventually("all of it is worked off", SOON, async || {
        let sql =
            "SELECT count(*) FROM channel_events WHERE kind = 'other' AND effect IN ('noted', 'ignored')";
        match number(&system, sql).await {
            3 => Ok(()),
            other => Err(other),
        }
    })
    .await;
    until_opted_out(&system, &contact, Value::Null).await;
    prefers(&system, address, "stop", now + 30).await;
    until_opted_out(&system, &contact, json!("marketing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_does_not_rename_a_contact_that_a_client_has_named() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, address) = (&system.client, system.client.number(), "15551703001");
    let says = async |id: &str| {
        assert_eq!(client.post_webhook(&Webhook::new().text(ours, address, id, id)).await.unwrap(), 200);
    };
    says("wamid.N1").await;
    let conversation = conversation_with(&system, address).await;
    let (id, contact) = (text(&conversation, "id"), text(&conversation["contact"], "id"));
    assert_eq!(conversation["contact"]["name"], "Ada");
    let path = format!("/v1/contacts/{contact}");
    client.api_call("PATCH", &path, &json!({ "name": "Countess" })).await.unwrap();
    says("wamid.N2").await;
    until_texts(&system, id, &["wamid.N1", "wamid.N2"]).await;
    assert_eq!(client.api_get(&path).await.unwrap()["name"], "Countess");
    client.api_call("PATCH", &path, &json!({ "name": null })).await.unwrap();
    says("wamid.N3").await;
    until_texts(&system, id, &["wamid.N1", "wamid.N2", "wamid.N3"]).await;
    assert_eq!(client.api_get(&path).await.unwrap()["name"], "Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_while_contacts_write_lose_no_message_and_leave_one_contact() {
    const EACH: usize = 40;
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.client.number());
    let addresses = ["15551704001", "15551704002"];
    let mut found = Vec::new();
    for address in addresses {
        let webhook = Webhook::new().text(ours, address, &format!("wamid.M{address}"), "first");
        assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
        found.push(conversation_with(&system, address).await);
    }
    let ids: Vec<&str> = found.iter().map(|conversation| text(&conversation["contact"], "id")).collect();
    let writing = async {
        for n in 0..EACH {
            for address in addresses {
                let (id, said) = (format!("wamid.M{address}.{n}"), format!("text {n}"));
                let webhook = Webhook::new().text(ours, address, &id, &said);
                assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
            }
        }
    };
    let merge = async |from: &str, into: &str| {
        let path = format!("/v1/contacts/{from}/merge");
        let (status, body) = client.api_call("POST", &path, &json!({ "into": into })).await.unwrap();
        assert_eq!(status, 200, "{body}");
    };
    let crossing = async {
        tokio::join!(merge(ids[0], ids[1]), merge(ids[1], ids[0]));
    };
    tokio::join!(writing, crossing);
    let mut expected = vec!["first".to_owned()];
    expected.extend((0..EACH).map(|n| format!("text {n}")));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    for conversation in &found {
        until_texts(&system, text(conversation, "id"), &expected).await;
    }
    let one = client.api_get(&format!("/v1/contacts/{}", ids[0])).await.unwrap();
    assert_eq!(client.api_get(&format!("/v1/contacts/{}", ids[1])).await.unwrap(), one);
    assert_eq!(one["addresses"].as_array().map(Vec::len), Some(2), "{one}");
    assert_eq!(one["name"], "Ada");
    assert_eq!(number(&system, "SELECT count(*) FROM dead_letters").await, 0);
    assert_eq!(number(&system, "SELECT count(DISTINCT contact_id) FROM conversations").await, 1);
    assert_eq!(taken(&system, addresses[0]).await, Vec::<String>::new());
}
