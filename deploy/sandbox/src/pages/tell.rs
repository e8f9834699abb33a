//! Tells the business what happened: one POST for each thing, of one contact in the order of time, repeated until it is taken.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::page::{Page, Platform};
use crate::clock::Micros;
use crate::sandbox::Sandbox;
use crate::webhook::{ascii, signature};

/// What is still to be told, by contact.
#[derive(Debug, Default)]
pub struct Lines(Mutex<HashMap<String, Arc<Line>>>);

/// What is still to be told of one contact.
#[derive(Debug, Default)]
struct Line {
    waiting: Mutex<BTreeMap<(Micros, u64), Value>>,
    wake: Notify,
}

/// Adds something to tell at a time; `around` it is who did it to whom, and when.
pub(super) fn tell(sandbox: &Arc<Sandbox>, page: &Arc<Page>, contact: &str, (due, element): (Micros, Value)) {
    let mut lines = page.lines.0.lock();
    let line = lines.entry(contact.to_owned()).or_insert_with(|| {
        let line = Arc::new(Line::default());
        let (sandbox, page, worker) = (sandbox.clone(), page.clone(), line.clone());
        sandbox.webhooks.clone().spawn(async move { work(&sandbox, &page, &worker).await });
        line
    });
    line.waiting.lock().insert((due, sandbox.next_sequence()), element);
    line.wake.notify_one();
}

async fn work(sandbox: &Sandbox, page: &Page, line: &Line) {
    loop {
        let woken = line.wake.notified();
        let first = line.waiting.lock().first_key_value().map(|(key, _)| *key);
        match first {
            None => woken.await,
            Some((due, _)) if due > sandbox.clock.now() => {
                tokio::select! { () = woken => (), () = tokio::time::sleep_until(sandbox.clock.instant(due)) => () }
            }
            Some(key) => {
                let element = line.waiting.lock().remove(&key).unwrap_or_default();
                post(sandbox, page, element).await;
            }
        }
    }
}

async fn post(sandbox: &Sandbox, page: &Page, element: Value) {
    let retry = sandbox.behaviour.get().webhook_retry.clone();
    let mut pause = retry.initial_ms;
    let mut body: Option<Vec<u8>> = None;
    loop {
        let config = page.config();
        let Some(url) = config.webhook_url.as_deref().filter(|_| !config.subscribed_fields.is_empty()) else {
            return;
        };
        let object = match config.platform {
            Platform::Messenger => "page",
            Platform::Instagram => "instagram",
        };
        let body = body.get_or_insert_with(|| {
            let time = element["timestamp"].clone();
            ascii(&json!({"object": object, "entry": [{"id": config.id, "time": time, "messaging": [element]}]}))
        });
        let sent = sandbox
            .webhooks
            .client
            .post(url)
            .timeout(Duration::from_millis(retry.timeout_ms))
            .header("content-type", "application/json")
            .header("X-Hub-Signature-256", signature(&config.app_secret, body))
            .body(body.clone());
        if sent.send().await.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pause = pause.saturating_mul(2).min(retry.max_ms);
    }
}
