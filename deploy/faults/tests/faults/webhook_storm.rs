//! Many events to four endpoints, one of which hangs and one fails, while workers are killed and RabbitMQ is restarted: whoever
//! takes events gets each of them, as fast as if there were no others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use common::domain::ids::EventId;
use common::testing::eventually;
use faults::{Options, Process, Server, System};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::watch::number;

/// Enough for leases of lost workers, 21 seconds here, a broker that comes back, and the work of a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// What an endpoint does with what it gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Failing,
    Hanging,
}

/// An event as it came: how often, its number, and how long after it happened at first.
#[derive(Debug, Clone, Copy)]
struct Got {
    times: u32,
    sequence: i64,
    delay: TimeDelta,
}

#[derive(Clone)]
struct Endpoint {
    mood: Arc<Mutex<Mood>>,
    got: Arc<Mutex<HashMap<String, Got>>>,
    url: String,
}

async fn take(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mood = *endpoint.mood.lock().unwrap();
    match mood {
        Mood::Hanging => std::future::pending().await,
        Mood::Failing => return StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Well => (),
    }
    let event: Value = serde_json::from_slice(&body).unwrap();
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    assert_eq!(event["id"], id);
    let at: DateTime<Utc> = event["timestamp"].as_str().unwrap().parse().unwrap();
    let fresh = Got { times: 0, sequence: event["sequence"].as_i64().unwrap(), delay: Utc::now() - at };
    let mut got = endpoint.got.lock().unwrap();
    let known = got.entry(id).or_insert(fresh);
    // The same id is the same event, however often it comes.
    assert_eq!(known.sequence, fresh.sequence);
    known.times += 1;
    StatusCode::OK
}

impl Endpoint {
    /// Starts one, and asks for events to be posted there.
    async fn start(system: &System, mood: Mood) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let endpoint = Self { mood: Arc::new(Mutex::new(mood)), got: Arc::default(), url };
        let app = Router::new().fallback(take).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let body = json!({ "url": endpoint.url, "events": ["message.sent"] });
        let (status, created) = system.client.api_post("/v1/webhooks", &body, None).await.unwrap();
        assert_eq!(status, 201, "{created}");
        (endpoint, created["id"].as_str().unwrap().to_owned())
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    async fn until(&self, count: usize) {
        eventually(&format!("{} has {count} events", self.url), PATIENCE, async || match self.count() {
            found if found == count => Ok(()),
            found => Err(found),
        })
        .await;
    }

    /// The median delay of those with a number above `after`.
    fn median(&self, after: i64) -> TimeDelta {
        let got = self.got.lock().unwrap();
        let mut delays: Vec<_> =
            got.values().filter(|got| got.sequence > after).map(|got| got.delay).collect();
        delays.sort_unstable();
        delays[delays.len() / 2]
    }
}

fn options(amqp_url: Option<String>) -> Options {
    let environment = [
        ("SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS", "loopback"),
        ("SWITCHBOARD_WEBHOOK_ALLOW_HTTP", "true"),
        ("SWITCHBOARD_WEBHOOK_TIMEOUT_SECONDS", "3"),
        ("SWITCHBOARD_WEBHOOK_RETRY_SECONDS", "1,1"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Options { environment, amqp_url, without: vec!["inbound", "outbound"], ..Options::default() }
}

/// Events that happened, in transactions of up to twenty.
async fn happen(system: &System, count: usize) {
    let sql = "INSERT INTO events (id, organization_id, type, inbox_id, payload)
        SELECT id, $2, 'message.sent', $3, '{}' FROM unnest($1::uuid[]) AS r (id)";
    let (organization, inbox) = (system.workspace.organization.0, system.workspace.inbox.0);
    let client = system.database.pool().get().await.unwrap();
    for begun in (0..count).step_by(20) {
        let ids: Vec<_> = (begun..count.min(begun + 20)).map(|_| EventId::new().0).collect();
        client.execute(sql, &[&ids, &organization, &inbox]).await.unwrap();
    }
}

/// Five workers die with posts on their way, and the broker goes and comes back.
async fn calamities(system: &System, worker: &mut Process, rabbitmq: &Server, well: &Endpoint, parts: usize) {
    for turn in 0..6 {
        happen(system, parts).await;
        // While there is something to do: some of this part is there, and not all of it.
        let enough = parts * turn + parts / 4;
        eventually("it is under way", PATIENCE, async || match well.count() {
            found if found >= enough => Ok(()),
            found => Err(found),
        })
        .await;
        if turn == 3 {
            rabbitmq.stop().await.unwrap();
            rabbitmq.start().await.unwrap();
        }
        if turn < 5 {
            worker.kill().unwrap();
            worker.restart().unwrap();
        }
    }
}

/// What has come to the end of a storm: two endpoints that were well all the time have everything.
struct Storm {
    /// These are stopped in this order.
    _worker: Process,
    system: System,
    _rabbitmq: Server,
    /// Those that were not well, with their ids.
    odd: Vec<(Endpoint, String)>,
    all: usize,
    /// Of those that were well, the longer median delay.
    median: TimeDelta,
}

/// Events in six parts, with calamities, to two endpoints that are well and to odd ones beside them.
async fn storm(parts: usize, beside: &[Mood]) -> Storm {
    let rabbitmq = Server::rabbitmq().await.unwrap();
    let system = System::start(options(Some(rabbitmq.url().to_owned()))).await.unwrap();
    let mut worker = system.start_worker("webhooks").unwrap();
    let (well, _) = Endpoint::start(&system, Mood::Well).await;
    let (other, _) = Endpoint::start(&system, Mood::Well).await;
    let mut odd = Vec::new();
    for mood in beside {
        odd.push(Endpoint::start(&system, *mood).await);
    }
    calamities(&system, &mut worker, &rabbitmq, &well, parts).await;
    let all = 6 * parts;
    well.until(all).await;
    other.until(all).await;
    for endpoint in [&well, &other] {
        let got = endpoint.got.lock().unwrap();
        let mut numbers: Vec<i64> = got.values().map(|got| got.sequence).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=all as i64).collect::<Vec<_>>());
        let repeated = got.values().filter(|got| got.times > 1).count();
        println!("{repeated} of {all} came more than once");
        // No more than were on their way when a worker died.
        assert!(repeated <= 5 * 8, "{repeated}");
    }
    let median = well.median(0).max(other.median(0));
    println!("median delay {median} beside {beside:?}");
    Storm { _worker: worker, system, _rabbitmq: rabbitmq, odd, all, median }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_events_gets_each_of_them_and_whoever_heals_does_too() {
    let long = std::env::var("SWITCHBOARD_LONG_TESTS").is_ok_and(|value| value == "1");
    let parts = if long { 1_667 } else { 100 };
    let storm_beside = storm(parts, &[Mood::Hanging, Mood::Failing]).await;
    let Storm { system, odd, all, median, .. } = &storm_beside;
    let [(hanging, _), (failing, failing_id)] = odd.as_slice() else { unreachable!() };
    assert_eq!(failing.count(), 0);
    *failing.mood.lock().unwrap() = Mood::Well;
    let path = format!("/v1/webhooks/{failing_id}/replays");
    eventually("all has come after a replay", PATIENCE, async || {
        let (status, told) = system
            .client
            .api_post(&path, &json!({ "failed": true }), None)
            .await
            .map_err(|e| e.to_string())?;
        if failing.count() == *all { Ok(()) } else { Err(format!("{} {status} {told}", failing.count())) }
    })
    .await;
    let undelivered = format!(
        "SELECT count(*) FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
        WHERE w.url <> '{}' AND d.state <> 'delivered'",
        hanging.url
    );
    eventually("all of it is recorded", PATIENCE, async || match number(system, &undelivered).await {
        0 => Ok(()),
        waiting => Err(waiting),
    })
    .await;
    // With few events it is chance when a worker dies, and most of the delay is that of a lease.
    let beside = *median;
    drop(storm_beside);
    if long {
        let alone = storm(parts, &[]).await.median;
        assert!(beside <= alone * 2, "{beside} beside others, {alone} without them");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_hang_or_fail_cost_the_others_no_time() {
    const EVENTS: usize = 300;
    let system = System::start(options(None)).await.unwrap();
    let _worker = system.start_worker("webhooks").unwrap();
    let (well, _) = Endpoint::start(&system, Mood::Well).await;
    // Whatever has to start has started then.
    happen(&system, 20).await;
    well.until(20).await;
    let spread = async |begin: usize| {
        for _ in 0..EVENTS / 20 {
            happen(&system, 20).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        well.until(begin + EVENTS).await;
    };
    spread(20).await;
    let alone = well.median(20);
    for mood in [Mood::Hanging, Mood::Hanging, Mood::Failing] {
        Endpoint::start(&system, mood).await;
    }
    spread(20 + EVENTS).await;
    let beside = well.median(20 + EVENTS as i64);
    println!("median delay alone {alone}, beside two that hang and one that fails {beside}");
    // What a busy machine adds by itself is no matter of theirs.
    assert!(beside <= alone * 2 + TimeDelta::milliseconds(150), "{alone} {beside}");
}
