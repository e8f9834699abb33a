//! Reactions show at the message that they are put on, whichever comes first.

use chrono::Utc;
use common::db::Tx;
use common::db::pipeline::Changes;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::delivery::{End, settle, show_sent};
use common::domain::ids::{ConversationId, MessageId};
use common::domain::reach::Reach;
use common::testing::{TestDatabase, eventually, workspace};
use faults::{Options, System, Webhook};
use serde_json::{Value, json};

use crate::watch::{SOON, number, reply, told, until_messages, until_status, until_worked_off};

fn reaction(target: &str, emoji: Option<&str>) -> Value {
    let mut reaction = json!({ "message_id": target });
    if let Some(emoji) = emoji {
        reaction["emoji"] = json!(emoji);
    }
    json!({ "type": "reaction", "reaction": reaction })
}

async fn until_reactions(system: &System, message: &str, emojis: &[&str]) -> Value {
    eventually(&format!("the reactions are {emojis:?}"), SOON, async || {
        let message = system.client.message(message).await.map_err(|error| error.to_string())?;
        let found = message["reactions"].as_array().unwrap();
        let found: Vec<&str> = found.iter().filter_map(|reaction| reaction["emoji"].as_str()).collect();
        if found == emojis { Ok(message) } else { Err(message.to_string()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_s_reaction_is_put_changed_and_taken_away() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550006001");
    assert_eq!(client.post_webhook(&Webhook::new().text(ours, from, "wamid.R0", "hi")).await.unwrap(), 200);
    until_messages(client, from, 1).await;
    let conversation = client.conversation_with(from).await.unwrap();
    let id = reply(client, conversation["id"].as_str().unwrap().parse().unwrap(), "ours").await;
    let target =
        until_status(client, &id, "delivered").await["providerMessageId"].as_str().unwrap().to_owned();
    let put =
        |id: &str, emoji: Option<&str>| Webhook::new().message(ours, from, id, reaction(&target, emoji));

    assert_eq!(client.post_webhook(&put("wamid.R1", Some("👍"))).await.unwrap(), 200);
    let message = until_reactions(&system, &id, &["👍"]).await;
    let shown = &message["reactions"][0];
    assert_eq!((&shown["sender"]["type"], &shown["sender"]["name"]), (&json!("contact"), &json!("Ada")));
    assert_eq!(client.post_webhook(&put("wamid.R2", Some("❤"))).await.unwrap(), 200);
    until_reactions(&system, &id, &["❤"]).await;
    // The same webhook again is no news.
    assert_eq!(client.post_webhook(&put("wamid.R2", Some("❤"))).await.unwrap(), 200);
    assert_eq!(client.post_webhook(&put("wamid.R3", None)).await.unwrap(), 200);
    until_reactions(&system, &id, &[]).await;
    until_worked_off(&system).await;

    let messages = until_messages(client, from, 5).await;
    for (message, emoji) in messages[2..].iter().zip(["👍", "❤", ""]) {
        assert_eq!(message["content"], json!({ "type": "reaction", "messageId": id, "emoji": emoji }));
    }
    assert_eq!(told(&system, "message.updated", &messages[1]).await, 3);
    assert_eq!(client.conversation_with(from).await.unwrap()["unreadCount"], 1);
    assert_eq!(number(&system, "SELECT count(*) FROM provider_ids WHERE message_id IS NULL").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_reaction_that_comes_late_does_not_come_back() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550006101");
    let at = |id: &str, emoji: Option<&str>, time: &str| {
        let mut message = reaction("wamid.R0", emoji);
        message["from"] = json!(from);
        message["id"] = json!(id);
        message["timestamp"] = json!(time);
        json!({ "messages": [message] })
    };
    // Its own message, in one webhook with what it puts on it.
    let webhook = Webhook::new()
        .text(ours, from, "wamid.R0", "mine")
        .value(ours, at("wamid.R1", Some("👍"), "1795233610"))
        .value(ours, at("wamid.R3", None, "1795233630"))
        .value(ours, at("wamid.R2", Some("❤"), "1795233620"));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    let messages = until_messages(client, from, 4).await;
    assert_eq!(messages[0]["reactions"], json!([]));
    assert_eq!(told(&system, "message.updated", &messages[0]).await, 2);
    let webhook = Webhook::new().value(ours, at("wamid.R4", Some("😂"), "1795233640"));
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_reactions(&system, messages[0]["id"].as_str().unwrap(), &["😂"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_that_comes_before_the_record_of_its_message_is_put_on_it_then() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, from) = (&system.client, system.workspace.phone_number_id.as_str(), "15550006201");
    assert_eq!(client.post_webhook(&Webhook::new().text(ours, from, "wamid.R0", "hi")).await.unwrap(), 200);
    until_messages(client, from, 1).await;
    client.sandbox_patch("/control/settings", &json!({ "answerMs": 4_000 })).await.unwrap();
    let silent = json!({ "fault": { "status": { "suppress": ["sent", "delivered", "read"] } } });
    client.fault(&silent).await.unwrap();
    let conversation = client.conversation_with(from).await.unwrap();
    let id = reply(client, conversation["id"].as_str().unwrap().parse().unwrap(), "slow").await;
    let target = eventually("the provider has it", SOON, async || {
        let accepted = system.accepted().await.map_err(|error| error.to_string())?;
        accepted.first().map(|accepted| accepted.provider_id.clone()).ok_or_else(|| "not yet".to_owned())
    })
    .await;
    for (n, emoji) in ["👍", "❤"].into_iter().enumerate() {
        let webhook =
            Webhook::new().message(ours, from, &format!("wamid.R{n}x"), reaction(&target, Some(emoji)));
        assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    }
    let messages = until_messages(client, from, 4).await;
    assert_eq!(messages[1]["status"], "pending", "the record came first: the test shows nothing");
    assert_eq!(messages[2]["content"]["messageId"], Value::Null);
    assert_eq!(messages[2]["context"]["quotedProviderId"], target.as_str());
    until_reactions(&system, &id, &["❤"]).await;
    let messages = until_messages(client, from, 4).await;
    for message in &messages[2..] {
        assert_eq!((&message["content"]["messageId"], message.get("context")), (&json!(id), None));
    }
    system.at_rest("sent", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_cannot_react_to_edit_or_delete_in_another_s_conversation() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let (one, other) = ("15550006301", "15550006302");
    assert_eq!(client.post_webhook(&Webhook::new().text(ours, one, "wamid.O", "mine")).await.unwrap(), 200);
    let before = until_messages(client, one, 1).await;
    let edit =
        json!({ "original_message_id": "wamid.O", "message": { "type": "text", "text": { "body": "x" } } });
    let webhook = Webhook::new()
        .message(ours, other, "wamid.1", reaction("wamid.O", Some("👍")))
        .message(ours, other, "wamid.2", json!({ "type": "edit", "edit": edit }))
        .message(
            ours,
            other,
            "wamid.3",
            json!({ "type": "revoke", "revoke": { "original_message_id": "wamid.O" } }),
        );
    assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    until_worked_off(&system).await;
    assert_eq!(until_messages(client, one, 1).await, before);
    let reactions = until_messages(client, other, 1).await;
    assert_eq!(reactions[0]["content"]["messageId"], Value::Null);
}

/// Settles a message as sent, as whoever delivers it does.
async fn settled(database: &TestDatabase, id: MessageId, conversation: ConversationId) {
    let tx = Tx::open(database.pool()).await.unwrap();
    let (lanes, messages) = (vec![conversation.0], vec![id.0]);
    let sql = load::messages();
    let steps = [
        tx.step(load::LOCK, vec![&lanes]).await.unwrap(),
        tx.step(load::LANES, vec![&lanes]).await.unwrap(),
        tx.step(&sql, vec![&messages]).await.unwrap(),
    ];
    let answers = tx.begin(&steps).await.unwrap();
    let mut lanes = LoadedLane::read_all(&answers[1]).unwrap();
    let mut messages: std::collections::HashMap<_, _> =
        answers[2].iter().map(|row| Message::read(row).map(|m| (m.id, m)).unwrap()).collect();
    let mut changes = Changes::default();
    let (lane, message) = (lanes.get_mut(&conversation.0).unwrap(), messages.get_mut(&id.0).unwrap());
    let end = End::Sent { provider_id: format!("wamid.{}", id.0), attempt: None };
    settle(&mut changes, lane, message, end, (true, Utc::now()));
    show_sent(&tx, &mut changes, &mut messages).await.unwrap();
    changes.save_changed(lanes.values(), messages.values());
    changes.commit(tx).await.unwrap();
}

#[tokio::test]
async fn a_reaction_of_ours_shows_at_its_message_once_the_provider_took_it() {
    let database = TestDatabase::create().await;
    let workspace = workspace(database.pool(), "http://127.0.0.1:9").await;
    let conversation = workspace.conversation(database.pool(), "15550006401").await;
    let client = database.pool().get().await.unwrap();
    let insert = async |content: Value, position: Option<i64>| {
        let id = MessageId::new();
        let sql = "INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type,
                sender_id, at, trace_id, lane_position, expires_at)
            VALUES ($1, $2, $3, 'outbound', CASE WHEN $5::bigint IS NULL THEN 'sent' ELSE 'pending' END, $4, 'apiKey', $6,
                now(), $1, $5, now() + interval '1 hour')";
        client
            .execute(
                sql,
                &[&id.0, &workspace.organization.0, &conversation.0, &content, &position, &workspace.key.0],
            )
            .await
            .unwrap();
        let queued =
            "UPDATE lanes SET queued = 1, state = 'ready', ready_at = now() WHERE conversation_id = $1";
        client.execute(queued, &[&conversation.0]).await.unwrap();
        id
    };
    let target = insert(json!({ "type": "text", "text": "ours" }), None).await;
    for (place, emoji) in [(1, "👍"), (2, "❤"), (3, "")] {
        let content = json!({ "type": "reaction", "messageId": target, "emoji": emoji });
        let id = insert(content, Some(place)).await;
        settled(&database, id, conversation).await;
        let view = common::db::messages::find(&client, workspace.organization, &Reach::EVERYTHING, target)
            .await
            .unwrap()
            .unwrap();
        let shown: Vec<&str> = view.reactions.iter().map(|reaction| reaction.emoji.as_str()).collect();
        let expected = if emoji.is_empty() { vec![] } else { vec![emoji] };
        assert_eq!(shown, expected);
        let sql = "SELECT count(*) FROM events WHERE type = 'message.updated' AND message_id = $1";
        assert_eq!(client.query_one(sql, &[&target.0]).await.unwrap().get::<_, i64>(0), place);
    }
}
