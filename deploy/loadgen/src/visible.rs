//! Asks for followed replies until they are shown as delivered.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use hdrhistogram::Histogram;
use http::{Method, StatusCode, header};
use serde::Deserialize;
use tokio::sync::{Mutex, mpsc};

use crate::client::{Connection, json_request};
use crate::replies::Followed;
use crate::report;

/// Connections that ask.
const ASKING: usize = 8;
/// How often each asks.
const EVERY: Duration = Duration::from_millis(5);
/// When one is given up.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was seen.
pub struct Visible {
    /// From 202 to `delivered`.
    pub latency: Histogram<u64>,
    /// Replies that were not shown as delivered in time.
    pub missing: u64,
}

#[derive(Deserialize)]
struct Shown {
    id: String,
    status: String,
}

/// Follows replies until no more are told and all are settled.
pub async fn follow(api: SocketAddr, told: mpsc::UnboundedReceiver<Followed>) -> anyhow::Result<Visible> {
    let seen = RefCell::new(Visible { latency: report::histogram(), missing: 0 });
    let told = Mutex::new(told);
    let ask = async || -> anyhow::Result<()> {
        let mut connection = Connection::open(api).await?;
        loop {
            let next = told.lock().await.recv().await;
            let Some(followed) = next else { return Ok(()) };
            let delivered = until_delivered(&mut connection, &followed);
            match tokio::time::timeout(PATIENCE, delivered).await {
                Ok(ended) => {
                    ended?;
                    report::record(&mut seen.borrow_mut().latency, followed.at.elapsed());
                }
                Err(_elapsed) => seen.borrow_mut().missing += 1,
            }
        }
    };
    for ended in join_all((0..ASKING).map(|_| ask())).await {
        ended?;
    }
    Ok(seen.into_inner())
}

async fn until_delivered(connection: &mut Connection, followed: &Followed) -> anyhow::Result<()> {
    let accepted: Shown = serde_json::from_slice(&followed.body).context("the answer to a reply")?;
    let path = format!("/v1/messages/{}", accepted.id);
    loop {
        let mut request = json_request(Method::GET, &path, Vec::new())?;
        request.headers_mut().insert(header::AUTHORIZATION, followed.authorization.clone());
        let (status, body) = connection.send_again(request).await?;
        anyhow::ensure!(status == StatusCode::OK, "{path} answered {status}");
        let shown: Shown = serde_json::from_slice(&body)?;
        if matches!(shown.status.as_str(), "delivered" | "read") {
            return Ok(());
        }
        tokio::time::sleep(EVERY).await;
    }
}
