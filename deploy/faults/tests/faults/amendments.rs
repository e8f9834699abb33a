//! Contacts edit and delete what they wrote, in whatever order that comes.

use common::testing::eventually;
use faults::{Options, System, Webhook};
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, number, told, until_messages, until_worked_off};

fn edit(target: &str, text: &str) -> Value {
    let message = json!({ "type": "text", "text": { "body": text } });
    json!({ "type": "edit", "edit": { "original_message_id": target, "message": message } })
}

fn revoke(target: &str) -> Value {
    json!({ "type": "revoke", "revoke": { "original_message_id": target } })
}

/// A contact's message of a given time.
fn at(from: &str, id: &str, time: &str, mut message: Value) -> Value {
    for (name, value) in [("id", id), ("from", from), ("timestamp", time)] {
        message[name] = json!(value);
    }
    json!({ "messages": [message] })
}

async fn effects(system: &System) -> Vec<String> {
    let sql = "SELECT effect FROM channel_events ORDER BY id";
    let rows = system.database.pool().get().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_replaces_what_a_message_says_everywhere() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550007001");
    assert_eq!(
        client.post_webhook(&Webhook::new().text(ours, from, "wamid.E0", "teh word")).await.unwrap(),
        200
    );
    let before = until_messages(client, from, 1).await;
    assert_eq!(before[0].get("editedAt"), None);
    let webhook =
        Webhook::new().value(ours, at(from, "wamid.E1", "1795233620", edit("wamid.E0", "the word")));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    // The same again, as another message of the provider's, and once more as the same one.
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    let messages = until_messages(client, from, 1).await;
    assert_eq!(messages[0]["content"], json!({ "type": "text", "text": "the word" }));
    assert_eq!(messages[0]["editedAt"], "2026-11-21T04:00:20.000Z");
    assert_eq!(messages[0]["id"], before[0]["id"]);
    let conversation = client.conversation_with(from).await.unwrap();
    assert_eq!(
        (&conversation["lastMessage"]["preview"], &conversation["unreadCount"]),
        (&json!("the word"), &json!(1))
    );
    assert_eq!(told(&system, "message.updated", &messages[0]).await, 1);
    let alone = client.message(messages[0]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(events(&alone), ["received", "edited"]);
    assert!(entry(&alone, "edited")["detail"]["channelEvent"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_edit_wins_however_late_an_older_one_comes_and_unknown_ones_do_nothing() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550007101");
    // The message and all that is done to it in one webhook, before anything of it has been worked off.
    let webhook = Webhook::new()
        .value(ours, at(from, "wamid.E9", "1795233600", edit("wamid.E0", "too early")))
        .value(ours, at(from, "wamid.E0", "1795233600", json!({ "type": "text", "text": { "body": "one" } })))
        .value(ours, at(from, "wamid.E3", "1795233630", edit("wamid.E0", "three")))
        .value(ours, at(from, "wamid.E2", "1795233620", edit("wamid.E0", "two")))
        .value(ours, at(from, "wamid.E4", "1795233640", edit("wamid.nobody", "four")))
        .value(ours, at(from, "wamid.E5", "1795233650", revoke("wamid.nobody")));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    let messages = until_messages(client, from, 1).await;
    assert_eq!(messages[0]["content"]["text"], "three");
    let expected = ["unknown_message", "stored", "edited", "overtaken", "unknown_message", "unknown_message"];
    assert_eq!(effects(&system).await, expected);
    assert_eq!(client.conversation_with(from).await.unwrap()["lastMessage"]["preview"], "three");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_says_nothing_any_more() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550007201");
    let first =
        Webhook::new().text(ours, from, "wamid.D0", "first").text(ours, from, "wamid.D1", "my secret");
    assert_eq!(client.post_webhook(&first).await.unwrap(), 200);
    until_messages(client, from, 2).await;
    let webhook = Webhook::new()
        .value(ours, at(from, "wamid.D2", "1795233620", revoke("wamid.D1")))
        .value(ours, at(from, "wamid.D3", "1795233630", edit("wamid.D1", "my other secret")))
        .value(ours, at(from, "wamid.D4", "1795233640", revoke("wamid.D1")));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    let messages = until_messages(client, from, 2).await;
    assert_eq!(messages[1]["content"], json!({ "type": "deleted" }));
    assert_eq!(messages[1]["deletedAt"], "2026-11-21T04:00:20.000Z");
    assert_eq!(effects(&system).await, ["stored", "stored", "deleted", "overtaken", "duplicate"]);
    let alone = client.message(messages[1]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(events(&alone), ["received", "deleted"]);
    let list = client.api_get("/v1/conversations").await.unwrap();
    assert_eq!(list["conversations"][0]["lastMessage"]["preview"], "Deleted message");
    assert!(!format!("{messages:?}{alone}{list}").contains("secret"));
    assert_eq!(told(&system, "message.updated", &messages[1]).await, 1);
    let sql = "SELECT count(*) FROM events WHERE type = 'message.updated' AND payload::text LIKE '%secret%'";
    assert_eq!(number(&system, sql).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blocked_contact_edits_or_deletes_shows_and_raises_nothing() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550007401");
    let first =
        Webhook::new().text(ours, from, "wamid.B0", "porridge").text(ours, from, "wamid.B1", "secret");
    assert_eq!(client.post_webhook(&first).await.unwrap(), 200);
    until_messages(client, from, 2).await;
    let finds = async |word: &str, count: usize| {
        eventually(&format!("{word} is found {count} times"), SOON, async || {
            let path = format!("/v1/conversations?search={word}");
            let found = client.api_get(&path).await.map_err(|error| error.to_string())?;
            let fits = found["conversations"].as_array().map(Vec::len) == Some(count);
            if fits { Ok(()) } else { Err(found.to_string()) }
        })
        .await;
    };
    finds("porridge", 1).await;
    finds("secret", 1).await;
    let conversation = client.conversation_with(from).await.unwrap();
    let contact = format!("/v1/contacts/{}", conversation["contact"]["id"].as_str().unwrap());
    let act = async |verb: &str| {
        let path = format!("{contact}/{verb}");
        assert_eq!(client.api_post(&path, &json!({}), None).await.unwrap().0, 204);
    };
    act("block").await;
    let events_before = number(&system, "SELECT count(*) FROM events").await;
    let webhook = Webhook::new()
        .value(ours, at(from, "wamid.B2", "1795233620", edit("wamid.B0", "pudding")))
        .value(ours, at(from, "wamid.B3", "1795233630", revoke("wamid.B1")));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    let messages = until_messages(client, from, 2).await;
    assert_eq!(
        (&messages[0]["content"]["text"], &messages[1]["content"]["type"]),
        (&json!("pudding"), &json!("deleted"))
    );
    let alone = client.message(messages[1]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(events(&alone), ["received", "deleted", "contact_blocked"]);
    // Nothing follows the words into the index, so they leave it at once, and what was taken back is not found.
    for word in ["porridge", "secret", "pudding"] {
        let found = client.api_get(&format!("/v1/conversations?search={word}")).await.unwrap();
        assert_eq!(found["conversations"], json!([]), "{word}");
    }
    assert_eq!(number(&system, "SELECT count(*) FROM events").await, events_before);
    act("unblock").await;
    let webhook = Webhook::new().value(ours, at(from, "wamid.B4", "1795233640", edit("wamid.B0", "pie")));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    assert_eq!(told(&system, "message.updated", &messages[0]).await, 1);
    finds("pie", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_edit_is_set_aside_and_what_follows_counts() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550007301");
    let trap = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.content->>'text' = 'poison' THEN RAISE EXCEPTION 'this one breaks'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER trap BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION trap()";
    system.database.pool().get().await.unwrap().batch_execute(trap).await.unwrap();
    let webhook = Webhook::new()
        .text(ours, from, "wamid.P0", "fine")
        .message(ours, from, "wamid.P1", edit("wamid.P0", "poison"))
        .text(ours, from, "wamid.P2", "after");
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    eventually("the lane goes on", SOON, async || {
        let found = client.texts_with(from).await.map_err(|error| error.to_string())?;
        if found == ["fine", "after"] { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    until_worked_off(&system).await;
    assert_eq!(number(&system, "SELECT count(*) FROM dead_letters").await, 1);
}
