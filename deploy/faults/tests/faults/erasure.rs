//! Contacts that are forgotten while messages come and go: nothing of them stays, and nobody else is hurt.

use common::testing::eventually;
use faults::{Options, System, Webhook};
use serde_json::{Value, json};

use crate::contacts::{conversation_with, text};
use crate::holds::until_held;
use crate::watch::{SOON, number, reply, taken, until_status};

/// Every table and column that could hold a text, but for the answers kept for repeated requests, which go by themselves.
const COLUMNS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'json', 'bytea', 'ARRAY')
        AND table_name <> 'idempotency_keys' ORDER BY 1, 2";

/// Where one of these is still to be found.
async fn traces(system: &System, needles: &[String]) -> Vec<String> {
    let client = system.database.pool().get().await.unwrap();
    let mut found = Vec::new();
    for row in client.query(COLUMNS, &[]).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let sql = format!(
            "SELECT count(*) FROM \"{table}\" WHERE EXISTS (SELECT 1 FROM unnest($1::text[]) AS needle
                WHERE strpos(CASE WHEN pg_typeof(\"{column}\")::text = 'bytea'
                    THEN encode(\"{column}\"::text::bytea, 'escape') ELSE \"{column}\"::text END, needle) > 0)"
        );
        let count: i64 = client.query_one(&sql, &[&needles]).await.unwrap().get(0);
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

async fn erase(system: &System, contact: &str) {
    let path = format!("/v1/contacts/{contact}");
    let (status, body) = system.client.api_call("DELETE", &path, &json!({})).await.unwrap();
    assert_eq!(status, 204, "{body}");
}

async fn until_forgotten(system: &System) {
    eventually("the contacts are forgotten", 2 * SOON, async || {
        match number(system, "SELECT count(*) FROM erasures").await {
            0 => Ok(()),
            waiting => Err(waiting),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_contact_stays_even_if_a_message_was_in_flight() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, address, other) = (&system.client, "15551710001", "15551710002");
    client.contact_writes(address, "a secret question").await.unwrap();
    client.contact_writes(other, "an open question").await.unwrap();
    let conversation = conversation_with(&system, address).await;
    let (id, contact) =
        (text(&conversation, "id").to_owned(), text(&conversation["contact"], "id").to_owned());
    let bystander = conversation_with(&system, other).await;
    let patch = json!({ "name": "Hidden Name", "attributes": { "hint": "hidden hint" } });
    client.api_call("PATCH", &format!("/v1/contacts/{contact}"), &patch).await.unwrap();
    let target = id.parse().unwrap();
    let sent = reply(client, target, "a secret answer").await;
    until_status(client, &sent, "delivered").await;
    client.fault(&json!({ "times": 1, "fault": { "holdMs": 12_000 } })).await.unwrap();
    let held = reply(client, target, "a secret in flight").await;
    until_held(&system, 1).await;
    let waiting =
        [reply(client, target, "a secret in line").await, reply(client, target, "a secret behind").await];

    erase(&system, &contact).await;
    for gone in [
        format!("/v1/conversations/{id}"),
        format!("/v1/messages/{held}"),
        format!("/v1/messages/{}", waiting[0]),
    ] {
        assert!(client.api_get(&gone).await.unwrap_err().to_string().contains("404"), "{gone}");
    }
    let failed = "SELECT count(*) FROM events WHERE type = 'message.failed'";
    eventually("what waited is ended", SOON, async || match number(&system, failed).await {
        2 => Ok(()),
        found => Err(found),
    })
    .await;
    until_forgotten(&system).await;
    // What the channel still had to say of them has come and been worked off.
    eventually("all reports are worked off", SOON, async || {
        let sql = "SELECT count(*) FROM channel_events WHERE processed_at IS NULL OR payload::text LIKE '%15551710001%'";
        match number(&system, sql).await {
            0 => Ok(()),
            found => Err(found),
        }
    })
    .await;
    assert_eq!(taken(&system, address).await, ["a secret answer", "a secret in flight"]);
    let ledger = system.ledger().await.unwrap();
    let mut needles: Vec<String> =
        [address, "a secret", "Hidden Name", "hidden hint"].map(str::to_owned).to_vec();
    let to = |entry: &&Value| entry["recipient"].as_str().unwrap_or_default().ends_with(address);
    needles.extend(ledger.iter().filter(to).map(|entry| text(entry, "providerId").to_owned()));
    assert_eq!(needles.len(), 6, "{ledger:?}");
    assert_eq!(traces(&system, &needles).await, Vec::<String>::new());
    // The search itself finds things: the bystander is all there.
    assert!(traces(&system, &[other.to_owned()]).await.len() > 3);
    let shown = client.api_get(&format!("/v1/conversations/{}", text(&bystander, "id"))).await.unwrap();
    assert_eq!(shown["lastMessage"]["preview"], "an open question");
    assert_eq!(number(&system, "SELECT count(*) FROM audit_log WHERE action = 'contact.erase'").await, 1);

    client.contact_writes(address, "hello, I am new").await.unwrap();
    let anew = conversation_with(&system, address).await;
    assert!(anew["id"] != id.as_str() && anew["contact"]["id"] != contact.as_str(), "{anew}");
    assert_eq!(client.texts_with(address).await.unwrap(), ["hello, I am new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_writes_while_it_is_erased_goes_on_as_somebody_new() {
    const MESSAGES: usize = 120;
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours, address) = (&system.client, system.client.number(), "15551711001");
    let post = async |n: usize| {
        let webhook = Webhook::new().text(ours, address, &format!("wamid.E{n}"), &format!("text {n}"));
        assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
    };
    post(0).await;
    let first = conversation_with(&system, address).await;
    let writing = async {
        for n in 1..MESSAGES {
            post(n).await;
        }
    };
    let erasing = async {
        eventually("the contact is in the middle of it", SOON, async || {
            match number(&system, "SELECT count(*) FROM messages").await {
                0..20 => Err(()),
                _ => Ok(()),
            }
        })
        .await;
        erase(&system, text(&first["contact"], "id")).await;
    };
    tokio::join!(writing, erasing);
    until_forgotten(&system).await;
    eventually("everything is worked off", SOON, async || {
        let last = format!("text {}", MESSAGES - 1);
        let texts = client.texts_with(address).await.map_err(|error| error.to_string())?;
        if texts.last() == Some(&last) { Ok(()) } else { Err(format!("{texts:?}")) }
    })
    .await;
    // What came after the erasure, all of it, in order, in one new conversation.
    let texts = client.texts_with(address).await.unwrap();
    let from = MESSAGES - texts.len();
    assert!(from >= 20 && !texts.is_empty(), "{texts:?}");
    assert_eq!(texts, (from..MESSAGES).map(|n| format!("text {n}")).collect::<Vec<_>>());
    assert_eq!(number(&system, "SELECT count(*) FROM conversations").await, 1);
    assert_eq!(number(&system, "SELECT count(*) FROM dead_letters").await, 0);
    let stored = format!("SELECT count(*) FROM messages WHERE conversation_id <> '{}'", uuid_of(&first));
    assert_eq!(number(&system, &stored).await, texts.len() as i64);
    let early: Vec<String> = (0..from).map(|n| format!("\"text {n}\"")).collect();
    assert_eq!(traces(&system, &early).await, Vec::<String>::new());
}

fn uuid_of(conversation: &Value) -> uuid::Uuid {
    text(conversation, "id").parse::<common::domain::ids::ConversationId>().unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_finished_however_often_the_relay_dies() {
    let mut system = System::start(Options::default()).await.unwrap();
    let conversations = system.conversations("1555172", 3).await;
    let fill =
        "INSERT INTO messages (id, organization_id, conversation_id, direction, status, content, sender_type,
            sender_id, at, provider_message_id, trace_id)
        SELECT gen_random_uuid(), c.organization_id, c.id, 'inbound', 'delivered',
            jsonb_build_object('type', 'text', 'text', 'a secret ' || n), 'contact', c.contact_id, now(),
            'wamid.' || c.address || n, gen_random_uuid()
        FROM conversations c, generate_series(1, 3000) n";
    let ids = "INSERT INTO provider_ids (inbox_id, provider_id, message_id, conversation_id)
        SELECT c.inbox_id, m.provider_message_id, m.id, c.id FROM messages m
        JOIN conversations c ON c.id = m.conversation_id";
    let log = "INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, payload)
        SELECT gen_random_uuid(), m.organization_id, 'message.received', NULL, m.conversation_id, m.content
        FROM messages m";
    let client = system.database.pool().get().await.unwrap();
    for sql in [fill, ids, log] {
        client.execute(sql, &[]).await.unwrap();
    }
    drop(client);
    for conversation in &conversations[..2] {
        let shown = system.client.api_get(&format!("/v1/conversations/{conversation}")).await.unwrap();
        erase(&system, text(&shown["contact"], "id")).await;
    }
    for turn in 1..=4 {
        let left = 9_000 - turn * 600;
        eventually("some of it is gone", SOON, async || {
            match number(&system, "SELECT count(*) FROM messages").await {
                count if count <= left => Ok(()),
                count => Err(count),
            }
        })
        .await;
        let relay = system.workers.get_mut("relay").unwrap();
        relay.kill().unwrap();
        relay.restart().unwrap();
    }
    until_forgotten(&system).await;
    assert_eq!(number(&system, "SELECT count(*) FROM messages").await, 3_000);
    assert_eq!(number(&system, "SELECT count(*) FROM provider_ids").await, 3_000);
    assert_eq!(
        number(&system, "SELECT count(*) FROM events WHERE payload::text LIKE '%secret%'").await,
        3_000
    );
    let gone = ["15551720000".to_owned(), "15551720001".to_owned()];
    assert_eq!(traces(&system, &gone).await, Vec::<String>::new());
}
