//! Two sides at once: a status and the record of its send, two workers and one lane, many pointers to the same work.

use std::time::Duration;

use common::channels::Channel;
use common::queue::{LanePointer, Publisher, Route, Task};
use common::shutdown::Shutdown;
use common::testing::eventually;
use faults::{EventReader, Load, Options, System, Webhook, assert_once_and_in_order};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::watch::{SOON, number, reply, until_status};

/// How the provider answers and tells, a hundred times each.
fn ways() -> [(&'static str, Value, Value); 6] {
    let silent = json!({ "dropCorrelation": true });
    let echo = json!({});
    let settings =
        |answer: u64, status: u64| json!({ "answerMs": answer, "statusMs": status, "statusSpreadMs": 0 });
    [
        ("status-long-first", settings(4_000, 0), echo.clone()),
        ("status-long-first-without-echo", settings(4_000, 0), silent.clone()),
        ("both-at-once", settings(0, 0), echo.clone()),
        ("both-at-once-without-echo", settings(0, 0), silent.clone()),
        ("record-first", settings(0, 500), echo),
        ("record-first-without-echo", settings(0, 500), silent),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_race_the_record_of_their_send_and_none_is_parked_for_ever() {
    let system = System::start(Options::default()).await.unwrap();
    system.set_pace(1_000).await.unwrap();
    let reader = EventReader::start(&system.database, system.workspace.organization.0);
    let conversations = system.conversations("1555500", 100).await;
    let mut sent = Vec::new();
    for (name, settings, status) in ways() {
        system.client.sandbox_patch("/control/settings", &settings).await.unwrap();
        system.client.sandbox_delete("/control/faults").await.unwrap();
        system.client.fault(&json!({ "fault": { "status": status } })).await.unwrap();
        sent.extend(Load::new(name, conversations.clone(), 1).send(system.client.clone()).await);
        system.at_rest("delivered", SOON).await;
    }
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
    let parked = number(&system, "SELECT count(*) FROM channel_events WHERE effect = 'parked'").await;
    assert!(parked >= 100, "only {parked} statuses came before the record");
    let proved = number(&system, "SELECT count(*) FROM message_timeline WHERE event = 'proved'").await;
    assert!(proved >= 100, "only {proved} attempts were proved by a status");
    // Accepted, sent, delivered, each told once; and each report of the provider stands in a timeline.
    assert_eq!(reader.finish().await, 3 * 600);
    assert_eq!(
        number(&system, "SELECT count(*) FROM message_timeline WHERE event = 'status'").await,
        2 * 600
    );
}

/// The provider's id of the one message that it has accepted.
async fn provider_id(system: &System) -> String {
    eventually("the provider accepts", SOON, async || match system.accepted().await {
        Ok(accepted) if accepted.len() == 1 => Ok(accepted[0].provider_id.clone()),
        other => Err(format!("{other:?}")),
    })
    .await
}

/// Waits until a process stands before a row that another transaction has written and not yet committed.
async fn until_blocked(system: &System, process: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'switchboard-{process}' AND wait_event = 'transactionid'"
    );
    eventually("one waits for the other", SOON, async || match number(system, &sql).await {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_finds_nothing_and_then_the_record_is_applied() {
    let system = System::start(Options::default()).await.unwrap();
    let silent = json!({ "fault": { "status": { "suppress": ["sent", "delivered", "read"] } } });
    system.client.fault(&silent).await.unwrap();
    let conversation = system.conversations("1555520", 1).await[0];
    let id = reply(&system.client, conversation, "between").await;
    until_status(&system.client, &id, "sent").await;
    // The record again, as it is before its commit.
    let mut recorder = system.database.pool().get().await.unwrap();
    let recording = recorder.transaction().await.unwrap();
    recording
        .execute("CREATE TEMP TABLE recorded ON COMMIT DROP AS SELECT * FROM provider_ids", &[])
        .await
        .unwrap();
    let committed = system.database.pool().get().await.unwrap();
    committed.execute("DELETE FROM provider_ids", &[]).await.unwrap();
    recording.execute("INSERT INTO provider_ids SELECT * FROM recorded", &[]).await.unwrap();
    let (number, provider_id) = (system.workspace.phone_number_id.clone(), provider_id(&system).await);
    let status = Webhook::new().status(&number, "15555200000", (&provider_id, "delivered"), json!({}));
    assert_eq!(system.client.post_webhook(&status).await.unwrap(), 200);
    until_blocked(&system, "inbound").await;
    recording.commit().await.unwrap();
    until_status(&system.client, &id, "delivered").await;
    system.at_rest("delivered", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_finds_nothing_and_then_the_status_applies_it() {
    let system = System::start(Options::default()).await.unwrap();
    let held = json!({ "holdMs": 2_000, "status": { "suppress": ["sent", "delivered", "read"] } });
    system.client.fault(&json!({ "fault": held })).await.unwrap();
    let conversation = system.conversations("1555530", 1).await[0];
    let id = reply(&system.client, conversation, "between").await;
    let provider_id = provider_id(&system).await;
    let update = json!([{ "provider_id": provider_id, "correlation": null, "status": "delivered", "word": "delivered",
        "at": "2026-01-01T00:00:00Z", "failure": null }]);
    // The status, as it is before the commit of its parking.
    let mut parker = system.database.pool().get().await.unwrap();
    let parking = parker.transaction().await.unwrap();
    let sql = "INSERT INTO provider_ids (inbox_id, provider_id, parked) VALUES ($1, $2, $3)";
    parking.execute(sql, &[&system.workspace.inbox.0, &provider_id, &update]).await.unwrap();
    until_blocked(&system, "outbound").await;
    parking.commit().await.unwrap();
    until_status(&system.client, &id, "delivered").await;
    system.at_rest("delivered", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_pointers_lead_to_a_lane_its_message_is_tried_once() {
    let system = System::start(Options::default()).await.unwrap();
    let _other = system.start_worker("outbound").unwrap();
    system.set_pace(500).await.unwrap();
    let conversations = system.conversations("1555510", 60).await;
    let shutdown = Shutdown::default();
    let publisher = Publisher::start(&system.broker.config(), "test", &shutdown);
    publisher.wait_connected().await;
    let inbox = system.workspace.inbox.0;
    let lanes: Vec<LanePointer> =
        conversations.iter().map(|lane| LanePointer { lane: lane.0, inbox }).collect();
    // Both workers are pointed to every lane all the time, by both queues, several times in one task too.
    let points = async {
        loop {
            let tasks =
                lanes.chunks(6).map(|lanes| Task::DeliverLanesV1 { lanes: [lanes, lanes].concat() }.encode());
            let tasks: Vec<Vec<u8>> = tasks.collect();
            let routes = [Route::OutboundFirst(Channel::Whatsapp), Route::OutboundRetry(Channel::Whatsapp)];
            let sends =
                routes.iter().flat_map(|route| tasks.iter().map(|task| publisher.publish(*route, task)));
            join_all(sends).await;
        }
    };
    let load = Load::new("pointed", conversations.clone(), 5).send(system.client.clone());
    let sent = tokio::select! {
        sent = async {
            let sent = load.await;
            system.at_rest("delivered", SOON).await;
            sent
        } => sent,
        () = points => Vec::new(),
    };
    assert_once_and_in_order(&sent, &system.accepted().await.unwrap());
    assert_eq!(number(&system, "SELECT count(*) FROM attempts").await, 300);
    let workers = number(&system, "SELECT count(DISTINCT worker) FROM attempts").await;
    assert_eq!(workers, 2, "one worker had it all");
    shutdown.drain(Duration::from_secs(5)).await;
}
