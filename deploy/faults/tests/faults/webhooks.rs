//! The webhook worker killed, and its queues purged: every event arrives, under one id, and nothing waits for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use common::testing::eventually;
use faults::{Options, System};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::watch::number;

/// Enough for a lease of a lost worker, twenty seconds here, and the work.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an endpoint got, and whether it answers yet.
#[derive(Clone)]
struct Endpoint {
    got: Arc<Mutex<Vec<(String, bool)>>>,
    secret: Arc<Mutex<String>>,
    open: watch::Receiver<bool>,
}

async fn take(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signed = {
        let secret = endpoint.secret.lock().unwrap().clone();
        standardwebhooks::Webhook::new(&secret).unwrap().verify(&body, &headers).is_ok()
    };
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    endpoint.got.lock().unwrap().push((id, signed));
    let mut open = endpoint.open.clone();
    _ = open.wait_for(|open| *open).await;
    StatusCode::OK
}

async fn start(open: watch::Receiver<bool>) -> (Endpoint, String) {
    let endpoint = Endpoint { got: Arc::default(), secret: Arc::default(), open };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = Router::new().fallback(take).with_state(endpoint.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (endpoint, url)
}

fn options() -> Options {
    let environment: BTreeMap<String, String> = [
        ("SWITCHBOARD_WEBHOOK_ALLOWED_NETWORKS", "loopback"),
        ("SWITCHBOARD_WEBHOOK_ALLOW_HTTP", "true"),
        ("SWITCHBOARD_WEBHOOK_TIMEOUT_SECONDS", "3"),
        ("SWITCHBOARD_WEBHOOK_RETRY_SECONDS", "1,1,1,1,1"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    Options { environment, without: vec!["outbound"], ..Options::default() }
}

async fn webhook(system: &System, url: &str) -> Value {
    let body = json!({ "url": url, "events": ["message.received"] });
    let (status, created) = system.client.api_post("/v1/webhooks", &body, None).await.unwrap();
    assert_eq!(status, 201, "{created}");
    created
}

async fn until_delivered(system: &System, count: i64) {
    eventually("all is delivered", PATIENCE, async || {
        let sql = "SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'";
        match number(system, sql).await {
            delivered if delivered == count => Ok(()),
            delivered => Err(delivered),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_the_post_and_the_record_posts_again_under_the_same_id() {
    let system = System::start(options()).await.unwrap();
    let mut worker = system.start_worker("webhooks").unwrap();
    let (opened, open) = watch::channel(false);
    let (endpoint, url) = start(open).await;
    let created = webhook(&system, &url).await;
    *endpoint.secret.lock().unwrap() = created["secret"].as_str().unwrap().to_owned();
    for n in 0..3 {
        system.client.contact_writes(&format!("1555190000{n}"), "hello").await.unwrap();
    }
    let first = eventually("all three are posted", PATIENCE, async || {
        let got = endpoint.got.lock().unwrap().clone();
        if got.len() == 3 { Ok(got) } else { Err(got.len()) }
    })
    .await;
    // The endpoint has all of them, and nobody knows.
    worker.kill().unwrap();
    opened.send(true).unwrap();
    worker.restart().unwrap();
    system.client.contact_writes("15551900003", "meanwhile").await.unwrap();
    until_delivered(&system, 4).await;
    let got = endpoint.got.lock().unwrap().clone();
    let ids: BTreeSet<_> = got.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids.len(), 4, "{got:?}");
    assert!(got.iter().all(|(_, signed)| *signed));
    for (id, _) in &first {
        assert_eq!(got.iter().filter(|(other, _)| other == id).count(), 2, "{got:?}");
    }
    assert_eq!(number(&system, "SELECT count(*) FROM webhook_attempts WHERE ended_at IS NULL").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn purged_pointers_lose_no_post() {
    let system = System::start(options()).await.unwrap();
    let (opened, open) = watch::channel(true);
    let (endpoint, url) = start(open).await;
    let created = webhook(&system, &url).await;
    *endpoint.secret.lock().unwrap() = created["secret"].as_str().unwrap().to_owned();
    // Posted to nobody yet: a worker notes what is to be posted, and is gone before the pointers are taken.
    let worker = system.start_worker("webhooks").unwrap();
    for n in 0..5 {
        system.client.contact_writes(&format!("1555191000{n}"), "hello").await.unwrap();
    }
    eventually("something is noted", PATIENCE, async || {
        match number(&system, "SELECT count(*) FROM webhook_deliveries").await {
            0 => Err(0),
            some => Ok(some),
        }
    })
    .await;
    drop(worker);
    system.broker.purge().await;
    let _worker = system.start_worker("webhooks").unwrap();
    until_delivered(&system, 5).await;
    drop(opened);
    let ids: BTreeSet<_> = endpoint.got.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids.len(), 5);
}
