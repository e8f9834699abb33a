//! A worker that is frozen through its lease and wakes up later: what it still has to say moves neither lane nor status that
//! others have taken on, and is kept as evidence of its own try.

use common::testing::eventually;
use deadpool_postgres::Object;
use faults::{Process, Sent, System};
use serde_json::json;

use crate::holds::{FOR_EVER, options, position, reply, until_held};
use crate::watch::{SOON, events, number, until_event, until_status};

const STALE: &str = "switchboard_stale_records_total{channel=\"whatsapp\"}";

fn no_statuses() -> serde_json::Value {
    json!({ "suppress": ["sent", "delivered", "read"] })
}

/// Attempts of the message: number, state, whether the provider's id is known.
async fn attempts(system: &System, sent: &Sent) -> Vec<(i32, String, Option<String>)> {
    let sql = "SELECT a.number, a.state, a.provider_message_id FROM attempts a JOIN messages m ON m.id = a.message_id
        WHERE m.content->>'text' = $1 ORDER BY a.number";
    let client = system.database.pool().get().await.unwrap();
    let rows = client.query(sql, &[&sent.text]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// State of the lane, number of the attempt it holds, its lease, and the message's status.
async fn standing(system: &System) -> (String, Option<i32>, i64, String) {
    let sql = "SELECT l.state, a.number, l.lease, m.status FROM lanes l
        JOIN messages m ON m.conversation_id = l.conversation_id LEFT JOIN attempts a ON a.id = l.attempt_id";
    let row = system.database.pool().get().await.unwrap().query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

async fn until_tried_again(system: &System) {
    let second = "SELECT count(*) FROM attempts WHERE number = 2";
    eventually("another worker tries", SOON, async || match number(system, second).await {
        0 => Err(standing(system).await),
        _ => Ok(()),
    })
    .await;
}

async fn until_stale(worker: &Process, count: f64) {
    eventually("the late answer is counted", SOON, async || match worker.metric(STALE).await {
        Ok(value) if value >= count => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// Freezes the worker when the provider's answer has reached it and before it could write it down: the lane's row is locked
/// meanwhile, and its sessions are ended before it is let go.
pub async fn freeze_with_the_answer_in_hand(system: &System, worker: &Process) {
    system
        .client
        .fault(&json!({ "times": 1, "fault": { "holdMs": 5_000, "status": no_statuses() } }))
        .await
        .unwrap();
    let mut locker: Object = system.database.pool().get().await.unwrap();
    let conversation = system.conversations("1555310", 1).await[0];
    reply(system, conversation, "frozen").await;
    until_held(system, 1).await;
    let lock = locker.transaction().await.unwrap();
    lock.execute("SELECT 1 FROM lanes FOR UPDATE", &[]).await.unwrap();
    until_held(system, 0).await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'switchboard-outbound' AND wait_event_type = 'Lock'";
    eventually("the worker wants to record", SOON, async || match number(system, waits).await {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;
    worker.freeze().unwrap();
    let end =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'switchboard-outbound'";
    assert!(number(system, end).await > 0);
    // One that still stands when the lock goes would write the answer down after all.
    let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'switchboard-outbound'";
    eventually("the worker's sessions have ended", SOON, async || match number(system, left).await {
        0 => Ok(()),
        left => Err(left),
    })
    .await;
    lock.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_frozen_during_its_call_says_too_late_that_it_knows_nothing() {
    let system = System::start(options(6, 4)).await.unwrap();
    let order = json!({ "times": 1, "fault": { "holdMs": FOR_EVER, "status": no_statuses() } });
    system.client.fault(&order).await.unwrap();
    let conversation = system.conversations("1555300", 1).await[0];
    let sent = reply(&system, conversation, "frozen").await;
    until_held(&system, 1).await;
    let frozen = &system.workers["outbound"];
    frozen.freeze().unwrap();
    let _other = system.start_worker("outbound").unwrap();
    // The broker gives the frozen worker its share of the pointers: they are repeated until the other one has it.
    let before = until_status(&system.client, &sent.id, "delivered").await;
    let rest = standing(&system).await;
    frozen.thaw().unwrap();
    until_stale(frozen, 1.0).await;
    let after = until_event(&system.client, &sent.id, "late_answer").await;
    assert_eq!(standing(&system).await, rest);
    assert_eq!(
        (&after["status"], &after["providerMessageId"]),
        (&json!("delivered"), &before["providerMessageId"])
    );
    let attempts = attempts(&system, &sent).await;
    assert_eq!((attempts[0].1.as_str(), attempts[1].1.as_str()), ("uncertain", "accepted"), "{attempts:?}");
    assert_eq!((attempts.len(), system.accepted().await.unwrap().len()), (2, 2));
    system.at_rest("delivered", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_acceptance_is_kept_with_its_own_try_while_another_worker_has_the_lane() {
    let system = System::start(options(12, 2)).await.unwrap();
    let frozen = &system.workers["outbound"];
    freeze_with_the_answer_in_hand(&system, frozen).await;
    // Neither its answer nor a status says anything of the second try before that of the first has come.
    let held = json!({ "times": 1, "fault": { "holdMs": FOR_EVER, "status": no_statuses() } });
    system.client.fault(&held).await.unwrap();
    // However slow the machine, the other one's own lease lasts until its answer is let go.
    let lease = [("SWITCHBOARD_LEASE_SECONDS", "300"), ("SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS", "299")];
    let other = system.start_worker_with("outbound", &lease).unwrap();
    until_tried_again(&system).await;
    until_held(&system, 1).await;
    frozen.thaw().unwrap();
    let sent = message(&system).await;
    let told = until_event(&system.client, &sent.id, "late_answer").await;
    assert_eq!(standing(&system).await, ("claimed".into(), Some(2), 2, "pending".into()));
    let ledger = system.accepted().await.unwrap();
    let first = attempts(&system, &sent).await.remove(0);
    assert_eq!(first, (1, "accepted".into(), Some(ledger[0].provider_id.clone())));
    assert!(position(&told, "resending") < position(&told, "possible_duplicate"), "{told}");
    system.client.sandbox_delete("/control/held").await.unwrap();
    let message = until_status(&system.client, &sent.id, "sent").await;
    assert_eq!(message["providerMessageId"], ledger[1].provider_id.as_str());
    assert_eq!(events(&message).iter().filter(|event| **event == "sent").count(), 1, "{message}");
    let figures = (frozen.metric(STALE).await.unwrap(), other.metric(STALE).await.unwrap());
    assert_eq!((figures, system.accepted().await.unwrap().len()), ((1.0, 0.0), 2));
    system.at_rest("sent", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_acceptance_within_the_wait_for_evidence_is_evidence_and_nothing_is_repeated() {
    let system = System::start(options(8, 60)).await.unwrap();
    let frozen = &system.workers["outbound"];
    freeze_with_the_answer_in_hand(&system, frozen).await;
    let _other = system.start_worker("outbound").unwrap();
    eventually("the lane is in doubt", SOON, async || match standing(&system).await {
        (state, ..) if state == "uncertain" => Ok(()),
        other => Err(other),
    })
    .await;
    frozen.thaw().unwrap();
    let sent = message(&system).await;
    until_status(&system.client, &sent.id, "sent").await;
    let accepted = system.accepted().await.unwrap();
    assert_eq!(
        attempts(&system, &sent).await,
        [(1, "accepted".into(), Some(accepted[0].provider_id.clone()))]
    );
    let next = reply(&system, sent.conversation, "next").await;
    until_status(&system.client, &next.id, "delivered").await;
    let texts: Vec<String> = system.accepted().await.unwrap().into_iter().map(|entry| entry.text).collect();
    assert_eq!(texts, ["frozen", "next"]);
}

/// The one message there is.
async fn message(system: &System) -> Sent {
    let client = system.database.pool().get().await.unwrap();
    let row = client.query_one("SELECT id, conversation_id FROM messages", &[]).await.unwrap();
    let (id, conversation) = (common::domain::ids::MessageId(row.get(0)), row.get(1));
    Sent {
        id: id.to_string(),
        text: "frozen".into(),
        conversation: common::domain::ids::ConversationId(conversation),
    }
}
