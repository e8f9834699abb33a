//! Posts webhooks and repeats those that were not answered with 200.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;

use super::outbox::{Batch, Work};
use super::{Webhooks, payload, signature};
use crate::account::Account;
use crate::clock::MILLISECOND;
use crate::settings::WebhookRetry;

/// What came of one POST.
enum Outcome {
    Delivered,
    /// Nobody is subscribed.
    Unsubscribed,
    /// The receiver is there and refuses these updates.
    Refused,
    /// The receiver is not there, or not well.
    Unavailable,
}

/// Answers longer than this are not read: the connection is given up instead.
const LONGEST_ANSWER: u64 = 64 << 10;

/// The client of all POSTs and handshakes: no redirects, no proxy.
pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    // Fails only when a provider is installed already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .user_agent("facebookexternalua")
        .connect_timeout(Duration::from_secs(5))
        .pool_max_idle_per_host(1_024)
        .tcp_nodelay(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

impl Webhooks {
    /// Makes sure that somebody posts what the account's outbox has.
    pub(super) fn put_to_work(self: &Arc<Self>, account: &Arc<Account>) {
        if account.outbox.arrange(self.behaviour.get().webhook_concurrency) == Work::Spawn {
            let (webhooks, account, stop) = (self.clone(), account.clone(), self.stop.clone());
            self.tasks.spawn(async move { stop.run_until_cancelled(webhooks.work(account)).await });
        }
    }

    async fn work(self: Arc<Self>, account: Arc<Account>) {
        while let Some(batch) = account.outbox.next(|| self.behaviour.get()).await {
            self.put_to_work(&account);
            self.deliver(&account, batch).await;
        }
    }

    /// Posts until it is answered with 200. A receiver that is away keeps this worker, so that it is not
    /// knocked at by all; updates that it refuses are repeated later and only their chats wait for them.
    async fn deliver(&self, account: &Arc<Account>, mut batch: Batch) {
        loop {
            let outcome = self.post(account, &batch).await;
            if !matches!(outcome, Outcome::Unavailable | Outcome::Unsubscribed) {
                account.outbox.came_up();
            }
            match outcome {
                Outcome::Delivered | Outcome::Unsubscribed => {
                    let delivered = matches!(outcome, Outcome::Delivered);
                    let updates = account.outbox.finish(batch);
                    if delivered {
                        updates.iter().for_each(super::Update::heard);
                        self.changes.tell();
                    }
                    self.schedule.settled(updates.len(), delivered);
                    return;
                }
                Outcome::Refused => {
                    let pause = self.pause(batch.attempts);
                    batch.attempts += 1;
                    let due = self.clock.now() + pause.as_millis() as u64 * MILLISECOND;
                    self.schedule.retry(due, account.clone(), batch);
                    return;
                }
                Outcome::Unavailable => {
                    account.outbox.went_down();
                    account.outbox.pause(self.pause(batch.attempts)).await;
                    batch.attempts += 1;
                }
            }
        }
    }

    async fn post(&self, account: &Account, batch: &Batch) -> Outcome {
        let state = account.state();
        let Some(callback) = state.callback.clone() else { return Outcome::Unsubscribed };
        let body = match payload::render(&account.waba_id, &batch.updates, &self.clock) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "a webhook could not be rendered");
                return Outcome::Unsubscribed;
            }
        };
        self.schedule.posts.fetch_add(1, Ordering::Relaxed);
        let timeout = Duration::from_millis(self.behaviour.get().webhook_retry.timeout_ms);
        let sent = self
            .client
            .post(callback)
            .timeout(timeout)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", signature(&state.config.app_secret, &body))
            .body(body)
            .send()
            .await;
        let outcome = match sent {
            Ok(response) => judge(response).await,
            Err(error) => {
                tracing::debug!(waba = %account.waba_id, %error, "webhook not delivered");
                Outcome::Unavailable
            }
        };
        if !matches!(outcome, Outcome::Delivered) {
            self.schedule.failed_posts.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    fn pause(&self, attempts: u32) -> Duration {
        let WebhookRetry { initial_ms, max_ms, .. } = self.behaviour.get().webhook_retry;
        let pause = initial_ms.saturating_mul(1 << attempts.min(30)).min(max_ms).max(1);
        // Spread by a quarter, so that workers that failed together do not come back together.
        Duration::from_millis(pause - rand::random_range(0..=pause / 4))
    }
}

async fn judge(response: reqwest::Response) -> Outcome {
    let status = response.status();
    // Read to the end so that the connection can be used again.
    if response.content_length().is_some_and(|length| length <= LONGEST_ANSWER) {
        let _ = response.bytes().await;
    }
    if status == reqwest::StatusCode::OK {
        Outcome::Delivered
    } else if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
        Outcome::Unavailable
    } else {
        Outcome::Refused
    }
}
