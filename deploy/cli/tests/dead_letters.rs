//! `switchboard dead-letters`.

use std::sync::Arc;
use std::time::Duration;

use common::channels::Channel;
use common::domain::ids::DeadLetterId;
use common::internal::Readiness;
use common::queue::{Consumer, LanePointer, Outcome, Route, Task, Topology};
use common::testing::{TestBroker, TestDatabase, workspace};
use serde_json::json;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Cli, audited, execute};

async fn queue_letter(database: &TestDatabase, body: &[u8]) -> String {
    let id = DeadLetterId::new();
    let sql = "INSERT INTO dead_letters (id, source, route, body, reason) VALUES ($1, 'queue', 'dead', $2, 'too often')";
    execute(database, sql, &[&id.0, &body]).await;
    id.to_string()
}

/// Takes the bodies out of a route's queue as they come.
fn collect(broker: &TestBroker, route: Route, stop: &CancellationToken) -> Arc<Mutex<Vec<Task>>> {
    let collected: Arc<Mutex<Vec<Task>>> = Arc::default();
    let bodies = collected.clone();
    let consumer = Consumer {
        broker: broker.config(),
        queue: Topology::new(&broker.config().prefix).queue(route),
        label: route.key(),
        prefetch: 10,
        readiness: Readiness::default(),
        part: "test",
    };
    tokio::spawn(consumer.run(stop.clone(), move |body| {
        let bodies = bodies.clone();
        async move {
            bodies.lock().await.push(Task::decode(&body).unwrap());
            Outcome::Done
        }
    }));
    collected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_pointer_goes_back_to_its_queue_once() {
    let (database, broker) = (TestDatabase::create().await, TestBroker::new());
    let cli = Cli::on(&database).with_broker(&broker);
    let workspace = workspace(database.pool(), "http://127.0.0.1:1").await;
    let conversation = workspace.conversation(database.pool(), "15550001111").await;
    let pointer = LanePointer { lane: conversation.0, inbox: workspace.inbox.0 };
    let gone = LanePointer { lane: Uuid::now_v7(), inbox: workspace.inbox.0 };
    let deliver =
        queue_letter(&database, &Task::DeliverLanesV1 { lanes: vec![pointer, gone] }.encode()).await;
    let inbound = Task::ApplyChannelEventsV1 { lanes: vec![Uuid::now_v7()] };
    let apply = queue_letter(&database, &inbound.encode()).await;
    let unreadable = queue_letter(&database, b"{\"task\":\"unknown\"}").await;

    let listed = cli.json(&["dead-letters", "list"]);
    let ids: Vec<_> =
        listed["deadLetters"].as_array().unwrap().iter().map(|letter| letter["id"].clone()).collect();
    assert_eq!(ids, [json!(deliver), json!(apply), json!(unreadable)]);
    let shown = cli.json(&["dead-letters", "show", &deliver]);
    assert_eq!(shown["task"]["lanes"][0]["conversationId"], json!(conversation));
    assert!(shown.get("body").is_none());

    let stop = CancellationToken::new();
    let retries = collect(&broker, Route::OutboundRetry(Channel::Whatsapp), &stop);
    let events = collect(&broker, Route::Inbound, &stop);
    let run = cli.run(&["dead-letters", "replay", &deliver, &unreadable, &apply, "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains(&unreadable) && run.err.contains("discard the dead letter"), "{run:?}");
    let replayed: Vec<_> =
        run.json()["results"].as_array().unwrap().iter().map(|r| r["replayed"].clone()).collect();
    assert_eq!(replayed, [json!(true), json!(false), json!(true)]);
    common::testing::eventually("pointers arrive", Duration::from_secs(20), async || {
        let seen = (retries.lock().await.clone(), events.lock().await.clone());
        let expected = (vec![Task::DeliverLanesV1 { lanes: vec![pointer] }], vec![inbound.clone()]);
        if seen == expected { Ok(()) } else { Err(seen) }
    })
    .await;
    stop.cancel();

    cli.run(&["dead-letters", "discard", &unreadable]);
    let again = cli.run(&["dead-letters", "replay", &deliver]);
    assert!(again.code == 1 && again.err.contains("replayed already"), "{again:?}");
    assert!(cli.run(&["dead-letters", "list"]).out.contains("no dead letters"));
    let all = cli.json(&["dead-letters", "list", "--all"]);
    let states: Vec<_> =
        all["deadLetters"].as_array().unwrap().iter().map(|letter| letter["state"].clone()).collect();
    assert_eq!(states, [json!("replayed"), json!("replayed"), json!("discarded")]);
    assert_eq!(audited(&database).await, ["dead_letter.replay", "dead_letter.replay", "dead_letter.discard"]);
    let session = database.pool().get().await.unwrap();
    let sql = "SELECT count(*) FROM audit_log WHERE organization_id = $1";
    let own: i64 = session.query_one(sql, &[&workspace.organization.0]).await.unwrap().get(0);
    assert_eq!(own, 1);
}

#[tokio::test]
async fn a_replayed_channel_event_waits_again_to_be_worked_off() {
    let database = TestDatabase::create().await;
    // No broker is needed for it, and none is there.
    let cli = Cli::on(&database).with("AMQP_URL", "amqp://127.0.0.1:1");
    let workspace = workspace(database.pool(), "http://127.0.0.1:1").await;
    let sql = "INSERT INTO channel_events (organization_id, inbox_id, channel, kind, lane_key, payload, trace_id, received_at,
            processed_at, failures, effect)
        VALUES ($1, $2, 'whatsapp', 'message', $3, '{\"text\":\"secret\"}', $3, now(), now(), 5, 'dead: broken')";
    let trace = Uuid::new_v4();
    execute(&database, sql, &[&workspace.organization.0, &workspace.inbox.0, &trace]).await;
    let ids = [DeadLetterId::new(), DeadLetterId::new()];
    for id in ids {
        let sql = "INSERT INTO dead_letters (id, organization_id, source, route, channel_event_id, reason)
            VALUES ($1, $2, 'channel_event', 'inbound', 1, 'broken')";
        execute(&database, sql, &[&id.0, &workspace.organization.0]).await;
    }
    let (first, second) = (ids[0].to_string(), ids[1].0.to_string());
    let shown = cli.run(&["dead-letters", "show", &first]);
    assert!(shown.out.contains("could not be worked off") && !shown.out.contains("secret"), "{shown:?}");
    assert!(cli.run(&["dead-letters", "show", &first, "--content"]).out.contains("secret"));
    assert_eq!(cli.json(&["dead-letters", "replay", &first])["results"][0]["replayed"], json!(true));
    let session = database.pool().get().await.unwrap();
    let row = session
        .query_one("SELECT processed_at IS NULL, effect IS NULL, failures FROM channel_events", &[])
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (true, true, 0));
    // It is in line already: a second dead letter about it changes nothing.
    let run = cli.run(&["dead-letters", "replay", &second]);
    assert!(run.code == 1 && run.err.contains("worked off since"), "{run:?}");
    assert_eq!(cli.run(&["dead-letters", "discard", &second]).code, 0);
    assert_eq!(audited(&database).await, ["dead_letter.replay", "dead_letter.discard"]);
}

#[tokio::test]
async fn without_the_broker_a_pointer_stays_a_dead_letter() {
    let database = TestDatabase::create().await;
    let cli = Cli::on(&database).with("AMQP_URL", "amqp://127.0.0.1:1");
    let letter =
        queue_letter(&database, &Task::ApplyChannelEventsV1 { lanes: vec![Uuid::now_v7()] }.encode()).await;
    let run = cli.run(&["dead-letters", "replay", &letter]);
    assert!(run.code == 1 && run.err.contains("RabbitMQ cannot be reached"), "{run:?}");
    assert_eq!(cli.json(&["dead-letters", "show", &letter])["state"], json!("open"));
    assert!(audited(&database).await.is_empty());
}
