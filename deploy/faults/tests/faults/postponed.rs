//! Messages outside their lane: released once, in order, whoever dies meanwhile; and given up in time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common::domain::ids::ConversationId;
use common::testing::eventually;
use deadpool_postgres::Object;
use faults::{Client, Options, System};
use serde_json::{Value, json};

use crate::kills::quick;
use crate::watch::{SOON, entry, events, number, taken, until_event, until_status};

pub const CLOSE: &str = "UPDATE conversations SET window_expires_at = now() - interval '1 hour'";

/// A reply with these fields beside its text; its id.
async fn reply_with(client: &Client, conversation: ConversationId, text: &str, more: &Value) -> String {
    let mut body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, message) = client.api_post("/v1/conversations/reply", &body, None).await.unwrap();
    assert_eq!(status, 202, "{message}");
    message["id"].as_str().unwrap().to_owned()
}

fn at(time: DateTime<Utc>) -> Value {
    json!({ "scheduledAt": time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) })
}

async fn run(system: &System, sql: &str) {
    system.database.pool().get().await.unwrap().batch_execute(sql).await.unwrap();
}

/// Waits until a process stands before a lane that somebody else has locked.
async fn until_waits_for_lane(system: &System, process: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'switchboard-{process}' AND wait_event_type = 'Lock'"
    );
    eventually("it waits for the lane", SOON, async || match number(system, &sql).await {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;
}

async fn start() -> System {
    System::start(Options { environment: quick(), ..Options::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_messages_go_out_once_and_in_the_order_of_their_times_though_the_relay_dies_releasing_them()
{
    let mut system = start().await;
    let conversations = system.conversations("1555700", 3).await;
    let due = Utc::now() + TimeDelta::seconds(10);
    let mut ids = Vec::new();
    for turn in 0..8 {
        for (place, conversation) in conversations.iter().enumerate() {
            // The later it is accepted, the earlier it is due.
            let time = due - TimeDelta::milliseconds(100 * turn);
            ids.push(
                reply_with(&system.client, *conversation, &format!("at-{place}-{turn}"), &at(time)).await,
            );
        }
    }
    assert_eq!(number(&system, "SELECT sum(scheduled)::bigint FROM lanes").await, 24);
    // The relay dies with the release decided upon and not committed, and then again and again.
    let mut locker: Object = system.database.pool().get().await.unwrap();
    let lock = locker.transaction().await.unwrap();
    lock.execute("SELECT 1 FROM lanes FOR UPDATE", &[]).await.unwrap();
    until_waits_for_lane(&system, "relay").await;
    system.workers.get_mut("relay").unwrap().kill().unwrap();
    lock.rollback().await.unwrap();
    assert_eq!(number(&system, "SELECT count(*) FROM message_timeline WHERE event = 'released'").await, 0);
    for wait in [50, 400, 700] {
        system.workers.get_mut("relay").unwrap().restart().unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        system.workers.get_mut("relay").unwrap().kill().unwrap();
    }
    system.workers.get_mut("relay").unwrap().restart().unwrap();
    system.at_rest("delivered", SOON).await;
    for place in 0..conversations.len() {
        let expected: Vec<String> = (0..8).rev().map(|turn| format!("at-{place}-{turn}")).collect();
        assert_eq!(taken(&system, &format!("1555700{place:04}")).await, expected);
    }
    for id in &ids {
        let message = system.client.message(id).await.unwrap();
        assert_eq!(events(&message)[..3], ["accepted", "scheduled", "released"], "{message}");
        assert!(message["timestamp"].as_str() >= message["scheduledAt"].as_str(), "{message}");
    }
    assert_eq!(number(&system, "SELECT count(*) FROM postponements").await, 0);
    assert_eq!(number(&system, "SELECT sum(held + scheduled)::bigint FROM lanes").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_messages_leave_in_order_with_the_contact_s_next_message_though_the_worker_dies_releasing_them()
{
    let mut system = start().await;
    let conversation = system.conversations("1555710", 1).await[0];
    run(&system, CLOSE).await;
    let hold = json!({ "onClosedWindow": "hold" });
    let mut expected: Vec<String> = (0..6).map(|turn| format!("held-{turn}")).collect();
    for text in &expected {
        reply_with(&system.client, conversation, text, &hold).await;
    }
    let mut locker: Object = system.database.pool().get().await.unwrap();
    let lock = locker.transaction().await.unwrap();
    lock.execute("SELECT 1 FROM lanes FOR UPDATE", &[]).await.unwrap();
    system.client.contact_writes("15557100000", "I am back").await.unwrap();
    until_waits_for_lane(&system, "inbound").await;
    system.workers.get_mut("inbound").unwrap().kill().unwrap();
    lock.rollback().await.unwrap();
    assert_eq!(number(&system, "SELECT held::bigint FROM lanes").await, 6);
    system.workers.get_mut("inbound").unwrap().restart().unwrap();
    eventually("the held messages are released", SOON, async || {
        match number(&system, "SELECT held::bigint FROM lanes").await {
            0 => Ok(()),
            held => Err(held),
        }
    })
    .await;
    // Behind what was held; nothing is released twice by what the contact writes next.
    reply_with(&system.client, conversation, "after", &json!({})).await;
    expected.push("after".into());
    system.client.contact_writes("15557100000", "Still here").await.unwrap();
    system.at_rest("delivered", SOON).await;
    assert_eq!(taken(&system, "15557100000").await, expected);
    let released = "SELECT count(*) FROM message_timeline WHERE event = 'released'";
    assert_eq!(number(&system, released).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_that_meets_a_closed_window_fails_or_is_held_as_its_client_said() {
    let system = start().await;
    let conversation = system.conversations("1555720", 1).await[0];
    run(&system, CLOSE).await;
    let mut more = at(Utc::now() + TimeDelta::seconds(6));
    let plain = reply_with(&system.client, conversation, "plain", &more).await;
    more["onClosedWindow"] = json!("hold");
    let patient = reply_with(&system.client, conversation, "patient", &more).await;
    let failed = until_status(&system.client, &plain, "failed").await;
    assert_eq!(failed["failure"]["code"], "window_closed");
    let held = until_event(&system.client, &patient, "held").await;
    assert_eq!(events(&held), ["accepted", "scheduled", "held"]);
    assert_eq!(number(&system, "SELECT 10 * held::bigint + scheduled FROM lanes").await, 10);
    system.client.contact_writes("15557200000", "Hi").await.unwrap();
    let delivered = until_status(&system.client, &patient, "delivered").await;
    assert_eq!(events(&delivered)[..4], ["accepted", "scheduled", "held", "released"]);
    assert_eq!(taken(&system, "15557200000").await, ["patient"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_window_closes_while_it_is_in_line_is_held_and_the_next_one_s_turn_comes() {
    let options = Options { environment: quick(), without: vec!["outbound"], ..Options::default() };
    let mut system = System::start(options).await.unwrap();
    let conversation = system.conversations("1555730", 1).await[0];
    let hold = json!({ "onClosedWindow": "hold" });
    let patient = reply_with(&system.client, conversation, "patient", &hold).await;
    let plain = reply_with(&system.client, conversation, "plain", &json!({})).await;
    run(&system, CLOSE).await;
    let outbound = system.start_worker("outbound").unwrap();
    system.workers.insert("outbound", outbound);
    until_event(&system.client, &patient, "held").await;
    let failed = until_status(&system.client, &plain, "failed").await;
    assert_eq!(failed["failure"]["code"], "window_closed");
    system.client.contact_writes("15557300000", "Hi").await.unwrap();
    until_status(&system.client, &patient, "delivered").await;
    assert_eq!(taken(&system, "15557300000").await, ["patient"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_given_up_when_its_time_is_over_and_nothing_of_it_is_sent() {
    let system = start().await;
    let conversation = system.conversations("1555740", 1).await[0];
    run(&system, CLOSE).await;
    let soon = Utc::now() + TimeDelta::seconds(6);
    let mut hold = json!({ "onClosedWindow": "hold" });
    let unlimited = reply_with(&system.client, conversation, "unlimited", &hold).await;
    hold["expiresAt"] = json!(soon.to_rfc3339());
    let limited = reply_with(&system.client, conversation, "limited", &hold).await;
    let failed = until_status(&system.client, &limited, "failed").await;
    assert_eq!(failed["failure"]["code"], "expired");
    assert_eq!(system.client.message(&unlimited).await.unwrap()["status"], "pending");
    // Thirty days later.
    run(&system, "UPDATE postponements SET look_at = now()").await;
    let failed = until_status(&system.client, &unlimited, "failed").await;
    assert_eq!(failed["failure"]["code"], "expired");
    system.client.contact_writes("15557400000", "Hi").await.unwrap();
    let open = "SELECT count(*) FROM conversations WHERE window_expires_at > now()";
    eventually("the window is open", SOON, async || match number(&system, open).await {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;
    let after = reply_with(&system.client, conversation, "after", &json!({})).await;
    until_status(&system.client, &after, "delivered").await;
    assert_eq!(taken(&system, "15557400000").await, ["after"]);
    assert_eq!(entry(&failed, "failed")["detail"]["code"], "expired");
}
