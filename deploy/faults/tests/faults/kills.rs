//! Any process may die at any moment: nothing is lost, doubled or reordered.

use std::collections::BTreeMap;
use std::time::Duration;

use common::testing::eventually;
use faults::{EventReader, Load, Options, Process, Sent, Server, System, assert_once_and_in_order};
use serde_json::json;

const MINUTES: Duration = Duration::from_secs(300);

/// Timings that let a lost claim be taken up within seconds.
pub fn quick() -> BTreeMap<String, String> {
    [
        ("SWITCHBOARD_LEASE_SECONDS", "6"),
        ("SWITCHBOARD_PROVIDER_TIMEOUT_SECONDS", "4"),
        ("SWITCHBOARD_EVIDENCE_WAIT_SECONDS", "10"),
        ("SWITCHBOARD_READMIT_SECONDS", "3"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The provider takes 50 ms, and tells how a message fares within two seconds.
async fn start(amqp_url: Option<String>) -> System {
    let system =
        System::start(Options { environment: quick(), amqp_url, ..Options::default() }).await.unwrap();
    let pace = json!({ "answerMs": 50, "statusMs": 100, "statusSpreadMs": 800, "webhookRetry": { "initialMs": 50, "maxMs": 500, "timeoutMs": 5_000 } });
    system.client.sandbox_patch("/control/settings", &pace).await.unwrap();
    system.set_pace(150).await.unwrap();
    system
}

/// Waits until the provider has accepted so many messages.
pub async fn until_accepted(system: &System, count: usize) {
    eventually("the load goes on", MINUTES, async || {
        let summary =
            system.client.sandbox_get("/ledger/summary").await.map_err(|error| error.to_string())?;
        let accepted = summary["accepted"].as_u64().unwrap_or_default();
        if accepted >= count as u64 { Ok(()) } else { Err(format!("{accepted} of {count}")) }
    })
    .await;
}

fn crash(process: &mut Process) {
    process.kill().unwrap();
    process.restart().unwrap();
}

async fn assert_all_is_well(system: &System, sent: &[Sent], reader: EventReader) {
    system.at_rest("delivered", MINUTES).await;
    assert_once_and_in_order(sent, &system.accepted().await.unwrap());
    let events = reader.finish().await;
    let client = system.database.pool().get().await.unwrap();
    let stored: i64 = client.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0);
    assert_eq!(events, stored);
    // Accepted, sent and delivered: each told once.
    assert_eq!(stored, 3 * sent.len() as i64);
    let messages: i64 = client.query_one("SELECT count(*) FROM messages", &[]).await.unwrap().get(0);
    assert_eq!(messages, sent.len() as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_replies_survive_the_death_of_every_worker_and_of_the_broker() {
    let broker = Server::rabbitmq().await.unwrap();
    let mut system = start(Some(broker.url().to_owned())).await;
    let reader = EventReader::start(&system.database, system.workspace.organization.0);
    let load = Load::new("kill", system.conversations("1555100", 100).await, 10);
    let sending = tokio::spawn(load.send(system.client.clone()));
    for (turn, name) in ["relay", "inbound", "outbound"].into_iter().cycle().take(9).enumerate() {
        until_accepted(&system, 50 + 100 * turn).await;
        crash(system.workers.get_mut(name).unwrap());
        if turn == 4 {
            broker.stop().await.unwrap();
            broker.start().await.unwrap();
        }
    }
    let sent = sending.await.unwrap();
    assert_all_is_well(&system, &sent, reader).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_repeat_their_requests_to_an_api_that_dies_double_nothing() {
    let mut system = start(None).await;
    let reader = EventReader::start(&system.database, system.workspace.organization.0);
    let load = Load::new("repeat", system.conversations("1555110", 40).await, 10);
    let sending = tokio::spawn(load.send(system.client.clone()));
    for turn in 0..6 {
        until_accepted(&system, 20 + 60 * turn).await;
        crash(&mut system.api);
        if turn % 2 == 1 {
            crash(system.workers.get_mut("outbound").unwrap());
        }
    }
    let sent = sending.await.unwrap();
    assert_all_is_well(&system, &sent, reader).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_asked_to_stop_finish_what_they_began() {
    // Lease and wait for evidence are those of production: nothing here may need them.
    let mut system = System::start(Options::default()).await.unwrap();
    system.client.sandbox_patch("/control/settings", &json!({ "answerMs": 50 })).await.unwrap();
    system.set_pace(150).await.unwrap();
    let reader = EventReader::start(&system.database, system.workspace.organization.0);
    let load = Load::new("stop", system.conversations("1555120", 60).await, 10);
    let sending = tokio::spawn(load.send(system.client.clone()));
    for (turn, name) in ["outbound", "inbound", "relay"].into_iter().cycle().take(12).enumerate() {
        until_accepted(&system, 20 + 45 * turn).await;
        let worker = system.workers.get_mut(name).unwrap();
        assert!(worker.terminate().unwrap());
        worker.restart().unwrap();
    }
    let sent = sending.await.unwrap();
    assert_all_is_well(&system, &sent, reader).await;
    let client = system.database.pool().get().await.unwrap();
    let sql = "SELECT count(*) FROM attempts WHERE state <> 'accepted'";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
}
