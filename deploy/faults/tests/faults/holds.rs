//! The worst moment: the provider has taken the message, its answer is on the way, and the worker dies.
//!
//! The sandbox proves the moment: it lists the messages that it has accepted and whose answer it holds back.

use std::collections::BTreeMap;
use std::time::Duration;

use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Options, Sent, System, assert_once_and_in_order};
use serde_json::{Value, json};

use crate::watch::{SOON, events, number, until_event, until_status};

/// Longer than any test.
pub const FOR_EVER: u64 = 600_000;

/// A lease and a wait for evidence of so many seconds.
pub fn options(lease: u64, evidence_wait: u64) -> Options {
    let environment: BTreeMap<String, String> = [
        ("SWITCHBOARD_LEASE_SECONDS", lease),
        ("SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS", lease - 1),
        ("SWITCHBOARD_EVIDENCE_WAIT_SECONDS", evidence_wait),
        ("SWITCHBOARD_READMIT_SECONDS", 2),
    ]
    .into_iter()
    .map(|(name, seconds)| (name.to_owned(), seconds.to_string()))
    .collect();
    Options { environment, ..Options::default() }
}

pub async fn reply(system: &System, conversation: ConversationId, text: &str) -> Sent {
    let message = system.client.reply(conversation, text).await.unwrap();
    Sent { id: message["id"].as_str().unwrap().to_owned(), text: text.to_owned(), conversation }
}

/// Waits until the sandbox holds so many answers; their correlations.
pub async fn until_held(system: &System, count: usize) -> Vec<String> {
    eventually("the provider holds its answer", SOON, async || {
        let held = system.client.sandbox_get("/control/held").await.map_err(|error| error.to_string())?;
        let list = held["held"].as_array().cloned().unwrap_or_default();
        let correlation = |held: &Value| held["correlation"].as_str().unwrap_or_default().to_owned();
        if list.len() == count { Ok(list.iter().map(correlation).collect()) } else { Err(held.to_string()) }
    })
    .await
}

/// SIGKILL to the worker that waits for the held answers, and a new one.
pub async fn kill_and_restart(system: &mut System) {
    let outbound = system.workers.get_mut("outbound").unwrap();
    outbound.kill().unwrap();
    until_held(system, 0).await;
    system.workers.get_mut("outbound").unwrap().restart().unwrap();
}

pub fn position(message: &Value, event: &str) -> usize {
    events(message)
        .iter()
        .position(|seen| *seen == event)
        .unwrap_or_else(|| panic!("no {event} in {message}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dozen_kills_between_acceptance_and_record_double_nothing() {
    let mut system = System::start(options(10, 60)).await.unwrap();
    // Later than the kill: it is the status that tells of the acceptance, and nothing else.
    system.client.sandbox_patch("/control/settings", &json!({ "statusMs": 250 })).await.unwrap();
    let conversations = system.conversations("1555200", 4).await;
    let mut sent = Vec::new();
    for turn in 0..24 {
        system.client.fault(&json!({ "times": 1, "fault": { "holdMs": FOR_EVER } })).await.unwrap();
        let conversation = conversations[turn % conversations.len()];
        let held = reply(&system, conversation, &format!("held-{turn}")).await;
        // It waits behind the other, whose lane nobody holds any more.
        let next = (turn % 8 == 0).then(|| format!("next-{turn}"));
        let correlations = until_held(&system, 1).await;
        kill_and_restart(&mut system).await;
        let next = match next {
            Some(text) => Some(reply(&system, conversation, &text).await),
            None => None,
        };
        let message = until_status(&system.client, &held.id, "delivered").await;
        assert!(position(&message, "proved") < position(&message, "sent"), "{message}");
        assert_eq!(events(&message).iter().filter(|event| **event == "sending").count(), 1, "{message}");
        let ledger = system.ledger().await.unwrap();
        let entry = ledger.iter().find(|entry| entry["correlation"] == correlations[0].as_str()).unwrap();
        assert_eq!(entry["body"]["text"]["body"], held.text.as_str());
        assert_eq!(entry["providerId"], message["providerMessageId"]);
        sent.push(held);
        if let Some(next) = next {
            // Else it might be this one whose answer the provider holds next.
            until_status(&system.client, &next.id, "delivered").await;
            sent.push(next);
        }
    }
    system.at_rest("delivered", SOON).await;
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_comes_after_the_lease_and_within_the_wait_is_soon_enough() {
    let mut system = System::start(options(3, 60)).await.unwrap();
    let late = json!({ "holdMs": FOR_EVER, "status": { "delayMs": 6_000 } });
    system.client.fault(&json!({ "times": 12, "fault": late })).await.unwrap();
    let mut sent = Vec::new();
    for conversation in system.conversations("1555205", 12).await {
        sent.push(reply(&system, conversation, &format!("late-{}", sent.len())).await);
    }
    until_held(&system, 12).await;
    kill_and_restart(&mut system).await;
    for sent in &sent {
        let message = until_status(&system.client, &sent.id, "delivered").await;
        assert!(position(&message, "uncertain") < position(&message, "proved"), "{message}");
    }
    system.at_rest("delivered", SOON).await;
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_evidence_it_is_sent_again_after_the_wait_and_the_timeline_says_so() {
    let mut system = System::start(options(6, 4)).await.unwrap();
    let silent = json!({ "suppress": ["sent", "delivered", "read"] });
    let order = json!({ "times": 1, "fault": { "holdMs": FOR_EVER, "status": silent } });
    system.client.fault(&order).await.unwrap();
    let conversation = system.conversations("1555210", 1).await[0];
    let sent = reply(&system, conversation, "lost").await;
    let next = reply(&system, conversation, "next").await;
    until_held(&system, 1).await;
    kill_and_restart(&mut system).await;
    let message = until_status(&system.client, &sent.id, "delivered").await;
    assert!(position(&message, "uncertain") < position(&message, "resending"), "{message}");
    assert!(position(&message, "resending") < position(&message, "sent"), "{message}");
    until_status(&system.client, &next.id, "delivered").await;
    let texts: Vec<String> = system.accepted().await.unwrap().into_iter().map(|entry| entry.text).collect();
    assert_eq!(texts, ["lost", "lost", "next"]);
    let client = system.database.pool().get().await.unwrap();
    let sql =
        "SELECT state FROM attempts WHERE message_id = (SELECT id FROM messages WHERE lane_position IS NULL
        AND content->>'text' = 'lost') ORDER BY number";
    let states: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(states, ["uncertain", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_parks_fails_it_and_a_later_proof_of_delivery_overtakes_the_failure() {
    let mut system = System::start(options(6, 4)).await.unwrap();
    let client = system.database.pool().get().await.unwrap();
    client.execute("UPDATE inboxes SET unknown_outcome = 'park'", &[]).await.unwrap();
    // The provider's webhooks go nowhere for now.
    system.set_webhook_url("http://127.0.0.1:9/").await.unwrap();
    system.client.fault(&json!({ "times": 1, "fault": { "holdMs": FOR_EVER } })).await.unwrap();
    let conversation = system.conversations("1555220", 1).await[0];
    let sent = reply(&system, conversation, "parked").await;
    let next = reply(&system, conversation, "next").await;
    until_held(&system, 1).await;
    kill_and_restart(&mut system).await;
    let message = until_status(&system.client, &sent.id, "failed").await;
    assert_eq!(
        (&message["failure"]["code"], &message["failure"]["retryable"]),
        (&json!("outcome_unknown"), &json!(true))
    );
    assert!(position(&message, "uncertain") < position(&message, "failed"), "{message}");
    until_status(&system.client, &next.id, "sent").await;
    system.set_webhook_url(&system.webhook_url()).await.unwrap();
    let message = until_status(&system.client, &sent.id, "delivered").await;
    assert!(position(&message, "failed") < position(&message, "proved"), "{message}");
    assert_eq!(message["failure"], Value::Null);
    let accepted = system.accepted().await.unwrap();
    assert_eq!(message["providerMessageId"], accepted[0].provider_id.as_str(), "{message}");
    system.at_rest("delivered", SOON).await;
    assert_once_and_in_order(&[sent, next], &accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_the_first_try_counts_even_while_the_second_is_on_its_way() {
    let mut system = System::start(options(8, 2)).await.unwrap();
    system.set_webhook_url("http://127.0.0.1:9/").await.unwrap();
    system.client.fault(&json!({ "times": 1, "fault": { "holdMs": FOR_EVER } })).await.unwrap();
    let conversation = system.conversations("1555230", 1).await[0];
    let sent = reply(&system, conversation, "twice").await;
    until_held(&system, 1).await;
    // The second try never comes to acceptance.
    system.client.fault(&json!({ "times": 1, "fault": { "delayMs": FOR_EVER } })).await.unwrap();
    kill_and_restart(&mut system).await;
    let second = "SELECT count(*) FROM attempts a JOIN lanes l ON l.attempt_id = a.id
        WHERE a.number = 2 AND l.state = 'claimed'";
    eventually("the second try is on its way", SOON, async || match number(&system, second).await {
        1 => Ok(()),
        other => Err(other),
    })
    .await;
    system.set_webhook_url(&system.webhook_url()).await.unwrap();
    let message = until_status(&system.client, &sent.id, "delivered").await;
    assert!(position(&message, "possible_duplicate") > position(&message, "resending"), "{message}");
    let in_flight = "SELECT count(*) FROM lanes WHERE state = 'claimed' AND queued = 1";
    assert_eq!(number(&system, in_flight).await, 1);
    kill_and_restart(&mut system).await;
    let next = reply(&system, conversation, "next").await;
    until_status(&system.client, &next.id, "delivered").await;
    system.at_rest("delivered", SOON).await;
    assert_once_and_in_order(&[sent, next], &system.accepted().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_for_evidence_does_not_run_while_nobody_could_take_it_in() {
    let mut system = System::start(options(6, 15)).await.unwrap();
    let patient = json!({ "webhookRetry": { "initialMs": 100, "maxMs": 300, "timeoutMs": 5_000 } });
    system.client.sandbox_patch("/control/settings", &patient).await.unwrap();
    system.set_webhook_url("http://127.0.0.1:9/").await.unwrap();
    system.client.fault(&json!({ "times": 1, "fault": { "holdMs": FOR_EVER } })).await.unwrap();
    let conversation = system.conversations("1555240", 1).await[0];
    let sent = reply(&system, conversation, "dark").await;
    until_held(&system, 1).await;
    kill_and_restart(&mut system).await;
    until_event(&system.client, &sent.id, "uncertain").await;
    // Everything dies at once, and comes back long after the wait. The provider repeats its webhooks only some time later.
    system.api.kill().unwrap();
    system.workers.values_mut().for_each(|worker| worker.kill().unwrap());
    tokio::time::sleep(Duration::from_secs(20)).await;
    system.api.restart().unwrap();
    system.api_ready().await;
    system.workers.values_mut().for_each(|worker| worker.restart().unwrap());
    tokio::time::sleep(Duration::from_secs(2)).await;
    system.set_webhook_url(&system.webhook_url()).await.unwrap();
    let message = until_status(&system.client, &sent.id, "delivered").await;
    assert!(events(&message).contains(&"proved"), "{message}");
    system.at_rest("delivered", SOON).await;
    assert_once_and_in_order(&[sent], &system.accepted().await.unwrap());
}
