//! Canceled while a worker claims it, tried again while the first try was taken after all.

use std::time::Duration;

use common::testing::eventually;
use faults::{Options, System, Webhook, assert_once_and_in_order};
use serde_json::{Value, json};

use crate::holds::{FOR_EVER, kill_and_restart, options, position, reply, until_held};
use crate::leases::freeze_with_the_answer_in_hand;
use crate::watch::{SOON, events, number, taken, until_event, until_status};

async fn act(system: &System, verb: &str, id: &str) -> (u16, Value) {
    system.client.api_post(&format!("/v1/messages/{id}/{verb}"), &json!({}), None).await.unwrap()
}

async fn until_idle(system: &System) {
    let unsettled = "SELECT count(*) FROM lanes WHERE state <> 'idle' OR queued <> 0";
    eventually("all lanes are idle", SOON, async || match number(system, unsettled).await {
        0 => Ok(()),
        lanes => Err(lanes),
    })
    .await;
}

/// Lets the next message be in flight for nine seconds, and no report tell sooner that it was taken.
async fn hold_the_next(system: &System) {
    let held = json!({ "holdMs": 9_000, "status": { "suppress": ["sent", "delivered", "read"] } });
    system.client.fault(&json!({ "times": 1, "fault": held })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_races_the_claim_wins_or_loses_and_never_both_or_neither() {
    let system = System::start(Options::default()).await.unwrap();
    system.set_pace(1_000).await.unwrap();
    let conversations = system.conversations("1555900", 50).await;
    let (mut canceled, mut left) = (0, 0);
    // From at once to where the claim comes, wherever that is on this machine, and then to either side of it.
    let mut wait = Duration::from_micros(200);
    for (turn, conversation) in conversations.into_iter().enumerate() {
        let sent = reply(&system, conversation, &format!("cancel-{turn}")).await;
        tokio::time::sleep(wait).await;
        let (status, answer) = act(&system, "cancel", &sent.id).await;
        let address = format!("1555900{turn:04}");
        if status == 200 {
            assert_eq!(answer["failure"]["code"], "canceled", "{answer}");
            canceled += 1;
            wait = wait * 3 / 2;
            // Whatever pointer is still on its way leads to nothing.
            reply(&system, conversation, &format!("after-{turn}")).await;
            eventually("what comes after is taken", SOON, async || {
                match taken(&system, &address).await.as_slice() {
                    [] => Err("nothing yet".to_owned()),
                    found if *found == [format!("after-{turn}")] => Ok(()),
                    found => panic!("canceled and sent: {found:?}"),
                }
            })
            .await;
            assert_eq!(system.client.message(&sent.id).await.unwrap()["status"], "failed");
        } else {
            assert_eq!((status, &answer["code"]), (409, &json!("not_cancelable")), "{answer}");
            left += 1;
            wait = wait * 2 / 3;
            until_status(&system.client, &sent.id, "delivered").await;
            assert_eq!(taken(&system, &address).await, [sent.text]);
        }
    }
    println!("{canceled} canceled, {left} left");
    assert!(canceled > 0 && left > 0, "{canceled} canceled, {left} left: no race");
    until_idle(&system).await;
}

/// A message that failed because nobody knew its outcome, and whose evidence cannot come in yet.
async fn parked(system: &mut System, address: &str) -> faults::Sent {
    let client = system.database.pool().get().await.unwrap();
    client.execute("UPDATE inboxes SET unknown_outcome = 'park'", &[]).await.unwrap();
    system.set_webhook_url("http://127.0.0.1:9/").await.unwrap();
    system.client.fault(&json!({ "times": 1, "fault": { "holdMs": FOR_EVER } })).await.unwrap();
    let conversation = system.conversations(address, 1).await[0];
    let sent = reply(system, conversation, "parked").await;
    until_held(system, 1).await;
    kill_and_restart(system).await;
    let failed = until_status(&system.client, &sent.id, "failed").await;
    assert_eq!(failed["failure"]["code"], "outcome_unknown");
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_the_first_generation_withdraws_a_retry_that_waits_behind_another_message() {
    let mut system = System::start(options(12, 2)).await.unwrap();
    let quick = json!({ "webhookRetry": { "initialMs": 50, "maxMs": 200, "timeoutMs": 5_000 } });
    system.client.sandbox_patch("/control/settings", &quick).await.unwrap();
    let sent = parked(&mut system, "1555910").await;
    // Another message of the conversation is in flight, and the retry waits behind it.
    hold_the_next(&system).await;
    let before = reply(&system, sent.conversation, "before").await;
    until_held(&system, 1).await;
    let (status, retried) = act(&system, "retry", &sent.id).await;
    assert_eq!((status, &retried["status"]), (202, &json!("pending")), "{retried}");
    system.set_webhook_url(&system.webhook_url()).await.unwrap();
    let message = until_status(&system.client, &sent.id, "delivered").await;
    assert!(position(&message, "retried") < position(&message, "retry_withdrawn"), "{message}");
    assert_eq!(events(&message).iter().filter(|event| **event == "sending").count(), 1, "{message}");
    until_status(&system.client, &before.id, "sent").await;
    until_idle(&system).await;
    assert_once_and_in_order(&[sent, before], &system.accepted().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_without_evidence_is_sent_and_late_evidence_says_that_the_contact_may_have_it_twice() {
    let mut system = System::start(options(6, 4)).await.unwrap();
    let sent = parked(&mut system, "1555920").await;
    let (status, _) = act(&system, "retry", &sent.id).await;
    assert_eq!(status, 202);
    let again = until_status(&system.client, &sent.id, "sent").await;
    assert_eq!(events(&again).iter().filter(|event| **event == "sending").count(), 2, "{again}");
    assert_eq!(act(&system, "retry", &sent.id).await.0, 409);
    system.set_webhook_url(&system.webhook_url()).await.unwrap();
    until_event(&system.client, &sent.id, "proved").await;
    system.at_rest("delivered", SOON).await;
    assert_eq!(taken(&system, "15559200000").await, ["parked", "parked"]);
    let generations = "SELECT count(DISTINCT generation) FROM attempts WHERE state = 'accepted'";
    assert_eq!(number(&system, generations).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_the_first_generation_was_taken_and_failed_says_nothing_of_the_second() {
    let mut system = System::start(options(6, 4)).await.unwrap();
    let sent = parked(&mut system, "1555930").await;
    assert_eq!(act(&system, "retry", &sent.id).await.0, 202);
    until_status(&system.client, &sent.id, "sent").await;
    let first = system.ledger().await.unwrap().remove(0);
    let (id, correlation) = (first["providerId"].as_str().unwrap(), &first["correlation"]);
    let more = json!({ "biz_opaque_callback_data": correlation, "errors": [{ "code": 131026, "title": "Undeliverable" }] });
    let failed =
        Webhook::new().status(&system.workspace.phone_number_id, "15559300000", (id, "failed"), more);
    assert_eq!(system.client.post_webhook(&failed).await.unwrap(), 200);
    let message = until_event(&system.client, &sent.id, "status").await;
    assert_eq!(message["status"], "sent", "{message}");
    assert!(position(&message, "proved") < position(&message, "status"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_late_answer_of_a_frozen_worker_withdraws_a_retry_that_waits_behind_another_message() {
    let mut system = System::start(options(12, 2)).await.unwrap();
    let client = system.database.pool().get().await.unwrap();
    client.execute("UPDATE inboxes SET unknown_outcome = 'park'", &[]).await.unwrap();
    let frozen = system.workers.remove("outbound").unwrap();
    freeze_with_the_answer_in_hand(&system, &frozen).await;
    let sql = "SELECT id FROM messages";
    let id: uuid::Uuid = client.query_one(sql, &[]).await.unwrap().get(0);
    let id = common::domain::ids::MessageId(id).to_string();
    eventually("nobody knows", SOON, async || {
        let message = system.client.message(&id).await.map_err(|error| error.to_string())?;
        if message["failure"]["code"] == "outcome_unknown" { Ok(()) } else { Err(message.to_string()) }
    })
    .await;
    let other = system.start_worker("outbound").unwrap();
    system.workers.insert("outbound", other);
    hold_the_next(&system).await;
    let conversation =
        system.client.message(&id).await.unwrap()["conversationId"].as_str().unwrap().to_owned();
    let before = reply(&system, conversation.parse().unwrap(), "before").await;
    until_held(&system, 1).await;
    assert_eq!(act(&system, "retry", &id).await.0, 202);
    frozen.thaw().unwrap();
    let message = until_event(&system.client, &id, "retry_withdrawn").await;
    assert_eq!(message["status"], "sent", "{message}");
    let sql = "SELECT state || ' ' || queued FROM lanes";
    let standing: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(standing, "claimed 1", "{message} {:?}", system.client.message(&before.id).await);
    until_status(&system.client, &before.id, "sent").await;
    assert_eq!(system.accepted().await.unwrap().len(), 2);
    until_idle(&system).await;
}
