//! A customer's endpoint: notes what it gets, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use common::testing::eventually;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::SOON;

/// What an endpoint got.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// How an endpoint answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// With this status.
    Status(u16),
    /// With this status and header.
    Header(u16, &'static str, String),
    /// With what was posted.
    Echo,
    /// Not at all.
    Hang,
}

#[derive(Default)]
struct Script {
    received: Vec<Received>,
    next: VecDeque<Reply>,
    always: Option<Reply>,
}

/// A customer's endpoint.
pub struct Receiver {
    /// Its address.
    pub address: SocketAddr,
    script: Arc<Mutex<Script>>,
    _stop: DropGuard,
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Whether the official library takes the signature with this secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        standardwebhooks::Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }

    /// A number in what the event tells.
    pub fn number(&self) -> i64 {
        self.json()["data"]["n"].as_i64().unwrap()
    }
}

async fn take(State(script): State<Arc<Mutex<Script>>>, headers: HeaderMap, body: Bytes) -> Response {
    let reply = {
        let mut script = script.lock().unwrap();
        script.received.push(Received { headers, body: body.clone() });
        script.next.pop_front().or_else(|| script.always.clone()).unwrap_or(Reply::Status(200))
    };
    let status = |status| StatusCode::from_u16(status).unwrap();
    match reply {
        Reply::Status(code) => (status(code), format!("said {code}")).into_response(),
        Reply::Header(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Echo => body.into_response(),
        Reply::Hang => std::future::pending().await,
    }
}

impl Receiver {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let (script, stop) = (Arc::new(Mutex::new(Script::default())), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(take).with_state(script.clone());
        let ended = stop.clone();
        tokio::spawn(
            async move { ended.run_until_cancelled(axum::serve(listener, app).into_future()).await },
        );
        Self { address, script, _stop: stop.drop_guard() }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers the next requests so, in order.
    pub fn answer(&self, replies: &[Reply]) {
        self.script.lock().unwrap().next.extend(replies.iter().cloned());
    }

    /// Answers every further request so.
    pub fn always(&self, reply: Reply) {
        self.script.lock().unwrap().always = Some(reply);
    }

    /// What it got so far.
    pub fn received(&self) -> Vec<Received> {
        self.script.lock().unwrap().received.clone()
    }

    /// Waits until it got so many.
    pub async fn until(&self, count: usize) -> Vec<Received> {
        eventually("the endpoint got them", SOON, async || {
            let received = self.received();
            if received.len() >= count { Ok(received) } else { Err(received.len()) }
        })
        .await
    }
}
