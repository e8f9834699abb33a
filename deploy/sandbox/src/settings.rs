//! What the sandbox is started with, and how it behaves while it runs.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a sandbox is started with; only `behaviour` can change later.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Callback of the default account; without one its webhooks are not sent.
    pub webhook_url: Option<String>,
    /// Where the default account for texts is told what contacts write; without it nowhere.
    pub text_webhook_url: Option<String>,
    /// Where the default RCS agent is told what happens; without it nowhere.
    pub rcs_webhook_url: Option<String>,
    /// Where to catch email; nowhere if none.
    pub mail_listen: Option<SocketAddr>,
    /// How it behaves at first.
    pub behaviour: Behaviour,
    /// Ledger entries kept; the oldest go first.
    pub ledger_capacity: usize,
    /// Webhook updates kept while they cannot be delivered; later ones are dropped and counted.
    pub webhook_capacity: usize,
    /// Bytes of media kept; the oldest go first.
    pub media_capacity: usize,
    /// How long open requests may last after the stop signal.
    pub shutdown_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            webhook_url: None,
            text_webhook_url: None,
            rcs_webhook_url: None,
            mail_listen: None,
            behaviour: Behaviour::default(),
            ledger_capacity: 2_000_000,
            webhook_capacity: 1_000_000,
            media_capacity: 256 << 20,
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}

/// Behaviour that `PATCH /control/settings` changes at run time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Behaviour {
    /// Time between acceptance of a message and its answer.
    pub answer_ms: u64,
    /// Time from acceptance to `sent`, and from each status to the next.
    pub status_ms: u64,
    /// Random addition to each `status_ms`.
    pub status_spread_ms: u64,
    /// Whether contacts read what they get.
    pub read: bool,
    /// Most updates in one webhook POST.
    pub batch: usize,
    /// How long a POST waits for more updates when `batch` is above one.
    pub batch_ms: u64,
    /// Webhook POSTs under way at once, per account.
    pub webhook_concurrency: usize,
    /// When and how failed webhook POSTs are repeated.
    pub webhook_retry: WebhookRetry,
    /// Whether the rate limits below are enforced.
    pub pacing: bool,
    /// Messages a second of one phone number, also its burst.
    pub throughput: u64,
    /// Segments a second of a sender of texts; what is beyond waits in its queue.
    pub text_throughput: u64,
    /// Time that one message costs a pair of phone number and contact.
    pub pair_interval_ms: u64,
    /// Messages a pair may send at once before `pair_interval_ms` counts.
    pub pair_burst: u64,
    /// Whether free-form messages need a contact that wrote lately.
    pub window: bool,
    /// How long a contact's message keeps the window open.
    pub window_seconds: u64,
    /// Whether the last digits of a recipient can ask for a fault.
    pub recipient_faults: bool,
    /// Messages of each chat kept for the phone page.
    pub chat_history: usize,
    /// Whether linked files are fetched, if they are on this machine.
    pub fetch_links: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            answer_ms: 0,
            status_ms: 50,
            status_spread_ms: 0,
            read: false,
            batch: 1,
            batch_ms: 5,
            webhook_concurrency: 16,
            webhook_retry: WebhookRetry::default(),
            pacing: true,
            throughput: 80,
            text_throughput: 1,
            pair_interval_ms: 6_000,
            pair_burst: 45,
            window: true,
            window_seconds: 24 * 60 * 60,
            recipient_faults: true,
            chat_history: 200,
            fetch_links: true,
        }
    }
}

/// Pauses between attempts at one webhook POST.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct WebhookRetry {
    /// First pause; each later one is twice as long.
    pub initial_ms: u64,
    /// Longest pause.
    pub max_ms: u64,
    /// How long one POST may take.
    pub timeout_ms: u64,
}

impl Default for WebhookRetry {
    fn default() -> Self {
        Self { initial_ms: 100, max_ms: 5_000, timeout_ms: 20_000 }
    }
}

impl Behaviour {
    /// These settings with the fields of `patch` replaced, or why that is wrong.
    pub fn patched(&self, patch: &Value) -> Result<Self, String> {
        if !patch.is_object() {
            return Err("settings must be an object".into());
        }
        let mut whole = serde_json::to_value(self).map_err(|error| error.to_string())?;
        merge(&mut whole, patch);
        let behaviour: Self = serde_json::from_value(whole).map_err(|error| error.to_string())?;
        behaviour.check()?;
        Ok(behaviour)
    }

    fn check(&self) -> Result<(), String> {
        let ranges = [
            ("batch", self.batch as u64, 1, 1_000),
            ("webhookConcurrency", self.webhook_concurrency as u64, 1, 1_024),
            ("throughput", self.throughput, 1, 1_000_000),
            ("textThroughput", self.text_throughput, 1, 1_000_000),
            ("pairIntervalMs", self.pair_interval_ms, 1, 3_600_000),
            ("pairBurst", self.pair_burst, 1, 1_000_000),
            ("webhookRetry.initialMs", self.webhook_retry.initial_ms, 1, 3_600_000),
            ("webhookRetry.maxMs", self.webhook_retry.max_ms, 1, 3_600_000),
            ("webhookRetry.timeoutMs", self.webhook_retry.timeout_ms, 1, 3_600_000),
            ("answerMs", self.answer_ms, 0, 3_600_000),
            ("statusMs", self.status_ms, 0, 3_600_000),
            ("statusSpreadMs", self.status_spread_ms, 0, 3_600_000),
            ("batchMs", self.batch_ms, 0, 60_000),
            ("windowSeconds", self.window_seconds, 0, 10_000_000),
            ("chatHistory", self.chat_history as u64, 0, 100_000),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(format!("{name} must be between {low} and {high}"));
            }
        }
        Ok(())
    }
}

/// Replaces fields of `whole` by those of `patch`, object by object.
pub fn merge(whole: &mut Value, patch: &Value) {
    match (whole, patch) {
        (Value::Object(whole), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(whole.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (whole, patch) => *whole = patch.clone(),
    }
}
