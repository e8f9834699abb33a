//! Channel webhooks: verified, stored in order, pointed at, answered; also while PostgreSQL or RabbitMQ is away.
//!
//! In the normal mode events are stored in PostgreSQL in groups. While PostgreSQL is away, raw webhooks go to the fallback
//! queue; once one went there, all follow it until the inbound worker has stored everything this process put there, so that
//! nothing overtakes.

mod fallback;
mod store;

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use common::channels::Channel;
use common::db;
use common::intake::{Envelope, SignedHeaders, Sorted, Sources, sort};
use common::internal::Readiness;
use common::metrics;
use common::problem::Problem;
use common::queue::{Publisher, Route};
use common::shutdown::Shutdown;
use common::trace::TraceId;
use deadpool_postgres::Pool;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use fallback::{Fallback, Servers};
use store::Store;

/// Webhooks a second that are let in unverified while their secrets cannot be looked up.
const UNVERIFIED_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// Takes webhooks in; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    pool: Pool,
    sources: Sources,
    store: Store,
    publisher: Publisher,
    fallback: Arc<Fallback>,
    unverified: Arc<DefaultDirectRateLimiter>,
}

impl Intake {
    /// Starts intake.
    pub fn start(
        pool: &Pool,
        sources: Sources,
        publisher: &Publisher,
        readiness: &Readiness,
        shutdown: &Shutdown,
    ) -> Self {
        let (fallback, alone) = Fallback::start();
        let servers =
            Servers { pool: pool.clone(), publisher: publisher.clone(), readiness: readiness.clone() };
        shutdown.spawn(fallback::watch((fallback.clone(), alone), servers, shutdown.token.clone()));
        Self {
            pool: pool.clone(),
            sources,
            store: Store::start(pool, publisher, shutdown),
            publisher: publisher.clone(),
            fallback,
            unverified: Arc::new(RateLimiter::direct(Quota::per_second(UNVERIFIED_PER_SECOND))),
        }
    }

    /// Takes a webhook in; once this returns, nothing of it can be lost.
    ///
    /// # Errors
    /// 401 if nothing of it is genuine, 503 if neither PostgreSQL nor RabbitMQ can keep it: the provider sends it again.
    pub async fn receive(
        &self,
        channel: Channel,
        headers: SignedHeaders,
        body: Bytes,
        trace: TraceId,
    ) -> Result<(), Problem> {
        let sorted = match sort(&self.sources, channel, (&headers, &body), (Utc::now(), trace.0)).await {
            Ok(sorted) => sorted,
            Err(error) => return self.unverified(channel, (&headers, &body), trace, error).await,
        };
        count(channel, "rejected", sorted.rejected);
        count(channel, "dropped", sorted.dropped);
        if !sorted.genuine() {
            return Err(Problem::unauthorized("The signature does not fit any connection of this channel"));
        }
        let _turn = self.fallback.turn().await;
        if !self.fallback.active() {
            match self.keep(channel, sorted, &body).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, "intake falls back to the queue")
                }
                Err(error) => return Err(error.into()),
            }
        }
        match self.fall_back(channel, (&headers, &body), trace).await {
            // The broker is away too, or alone: if the database is there, it keeps the webhook, even past older ones in
            // the queue. Losing the order of an outage is better than losing what the provider gives up on.
            Err(refused) => {
                let Ok(sorted) = sort(&self.sources, channel, (&headers, &body), (Utc::now(), trace.0)).await
                else {
                    return Err(refused);
                };
                self.keep(channel, sorted, &body).await.map_err(|_away| refused)
            }
            kept => kept,
        }
    }

    async fn keep(&self, channel: Channel, sorted: Sorted, body: &[u8]) -> Result<(), db::Error> {
        if let Some(reason) = &sorted.kept_whole {
            db::pipeline::channel_events::insert_unparsed(&self.pool, channel, body, reason).await?;
            count(channel, "unparsed", 1);
        }
        if sorted.accepted.is_empty() {
            return Ok(());
        }
        let given = sorted.accepted.len();
        let stored = self.store.insert(sorted.accepted).await?;
        count(channel, "stored", stored);
        count(channel, "duplicate", given - stored);
        Ok(())
    }

    /// Secrets cannot be looked up: keep the bytes, at a capped rate; they are verified before they are stored.
    async fn unverified(
        &self,
        channel: Channel,
        webhook: (&SignedHeaders, &[u8]),
        trace: TraceId,
        error: db::Error,
    ) -> Result<(), Problem> {
        if !error.is_unavailable() {
            return Err(error.into());
        }
        if self.unverified.check().is_err() {
            let detail = "Signatures cannot be verified right now, and enough webhooks wait for that";
            return Err(Problem::unavailable("database_unavailable", detail));
        }
        let _turn = self.fallback.turn().await;
        self.fall_back(channel, webhook, trace).await
    }

    async fn fall_back(
        &self,
        channel: Channel,
        (headers, body): (&SignedHeaders, &[u8]),
        trace: TraceId,
    ) -> Result<(), Problem> {
        let number = self.fallback.enter();
        let envelope = Envelope::new(self.fallback.process, number, channel, trace.0, (headers, body));
        let bytes = envelope.encode().map_err(Problem::internal)?;
        match self.publisher.publish(Route::IntakeFallback, &bytes).await {
            Ok(()) => {
                count(channel, "fallback", 1);
                Ok(())
            }
            Err(error) => {
                let detail = "Neither PostgreSQL nor RabbitMQ can keep this webhook right now";
                let problem = Problem::unavailable("intake_unavailable", detail);
                Err(Problem { cause: Some(error.into()), ..problem })
            }
        }
    }
}

fn count(channel: Channel, result: &str, events: usize) {
    metrics::get().channel_events.with_label_values(&[channel.as_str(), result]).inc_by(events as u64);
}
