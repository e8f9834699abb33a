//! An endpoint's turn: what is due there is claimed, posted and recorded, a few at once, until nothing is due or the turn is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::db::webhook_deliveries::{self, AT_ONCE, Claim, Claimed, Endpoint, Recorded, Reply, Verdict};
use common::db::{Error, event_log, within};
use common::metrics;
use common::queue::{Outcome, Publisher};
use common::webhooks::schedule;
use deadpool_postgres::Pool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::post::Poster;
use super::publish;
use crate::process::Context;

/// Longest turn: then another endpoint has its own.
const LONGEST: Duration = Duration::from_secs(20);
/// Between looks for more while something is on its way.
const LOOK: Duration = Duration::from_millis(200);

/// Gives endpoints their turns; shared by all tasks of the process.
pub(super) struct Turns {
    shared: Arc<Shared>,
    publisher: Publisher,
    stop: CancellationToken,
}

struct Shared {
    pool: Pool,
    poster: Poster,
    lease: Duration,
    retries: Vec<Duration>,
    disable_after: Duration,
}

impl Turns {
    pub(super) fn new(context: &Context, poster: Poster, publisher: Publisher) -> Self {
        let webhooks = &context.config.webhooks;
        let shared = Shared {
            pool: context.pool.clone(),
            poster,
            // Twice what a try may take, and what the record may.
            lease: webhooks.timeout * 2 + Duration::from_secs(15),
            retries: webhooks.retries.clone(),
            disable_after: webhooks.disable_after,
        };
        Self { shared: Arc::new(shared), publisher, stop: context.shutdown.token.clone() }
    }

    /// Gives an endpoint its turn. Whatever goes wrong is found by the sweep.
    pub(super) async fn take(&self, webhook: Uuid) -> Outcome {
        let (begun, mut under_way) = (Instant::now(), JoinSet::new());
        let more = loop {
            if self.stop.is_cancelled() {
                break false;
            }
            let over = begun.elapsed() > LONGEST;
            if over && under_way.is_empty() {
                break true;
            }
            let room = if over { 0 } else { AT_ONCE - under_way.len() as i64 };
            let claimed = if room > 0 { self.claim(webhook, room).await } else { Claimed::Full };
            match claimed {
                Claimed::Nothing if under_way.is_empty() => break false,
                // Somebody else is at it, and looks for more when that has ended.
                Claimed::Full if under_way.is_empty() => break false,
                Claimed::Nothing | Claimed::Full => {
                    let ended = tokio::time::timeout(LOOK, under_way.join_next());
                    _ = self.stop.run_until_cancelled(ended).await;
                }
                Claimed::Some(endpoint, claims) => {
                    let endpoint = Arc::new(*endpoint);
                    for claim in claims {
                        let shared = self.shared.clone();
                        under_way.spawn(deliver(shared, endpoint.clone(), claim));
                    }
                }
            }
            while under_way.try_join_next().is_some() {}
        };
        // What is on its way is recorded, also when the process stops.
        while under_way.join_next().await.is_some() {}
        if more {
            self.go_on(webhook).await;
        } else if self.stop.is_cancelled()
            && let Err(error) = webhook_deliveries::leave(&self.shared.pool, webhook).await
        {
            tracing::debug!(%error, "an endpoint was not left to others; its pointer lapses");
        }
        Outcome::Done
    }

    async fn claim(&self, webhook: Uuid, room: i64) -> Claimed {
        // A server that stands still must not let the lease lapse between this and the post.
        let patience = self.shared.poster.timeout() / 2;
        let claiming = webhook_deliveries::claim(&self.shared.pool, webhook, room, self.shared.lease);
        within(patience, claiming).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what is due to an endpoint cannot be claimed; the sweep finds it");
            Claimed::Nothing
        })
    }

    /// The endpoint gets in line again.
    async fn go_on(&self, webhook: Uuid) {
        let failing = async {
            let client = self.shared.pool.get().await.map_err(Error::from)?;
            webhook_deliveries::is_failing(&client, webhook).await
        };
        let failing = failing.await.unwrap_or(false);
        if let Err(error) = publish(&self.publisher, webhook, failing).await {
            tracing::debug!(%error, "an endpoint that has more due waits for the sweep");
        }
    }
}

/// Posts what was claimed and records how it went.
async fn deliver(shared: Arc<Shared>, endpoint: Arc<Endpoint>, claim: Claim) {
    let body = match text(&shared.pool, &endpoint, &claim).await {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(%error, "an event cannot be read; its posting is given back");
            if let Err(error) = webhook_deliveries::give_back(&shared.pool, &claim).await {
                tracing::debug!(%error, "a posting was not given back; its lease lapses");
            }
            return;
        }
    };
    let begun = Instant::now();
    let reply = match body {
        Some(body) => shared.poster.post(&endpoint, &claim, body).await,
        None => Reply {
            outcome: "event_gone",
            error: Some("the event is no longer kept".to_owned()),
            ..Reply::default()
        },
    };
    let metrics = &metrics::get().webhooks;
    metrics.attempts.with_label_values(&[reply.outcome]).inc();
    metrics.seconds.with_label_values(&[reply.outcome]).observe(begun.elapsed().as_secs_f64());
    let verdict = judge(&shared.retries, &claim, &reply);
    let decided = (verdict, shared.disable_after);
    let recording = webhook_deliveries::record(&shared.pool, endpoint.id, &claim, &reply, decided);
    match within(shared.lease, recording).await {
        Ok(Recorded::Done) => (),
        Ok(Recorded::Disabled(reason)) => {
            metrics.disabled.with_label_values(&[reason]).inc();
            tracing::warn!(webhook.id = %endpoint.id, reason, "an endpoint was disabled");
        }
        Ok(Recorded::Stale) => {
            tracing::warn!(webhook.id = %endpoint.id, "the lease of a posting had lapsed before it was recorded; it may be posted twice");
        }
        Err(error) => {
            tracing::warn!(%error, webhook.id = %endpoint.id, "a posting was not recorded; it is posted again");
        }
    }
}

/// What is told: the event as it now stands in the log; none if it is no longer there.
async fn text(pool: &Pool, endpoint: &Endpoint, claim: &Claim) -> Result<Option<String>, Error> {
    let written = |entry: &event_log::Entry| {
        common::webhooks::body(entry).map_err(|error| Error::Stored(error.to_string()))
    };
    match claim.seq {
        Some(seq) => {
            let client = pool.get().await?;
            let found = event_log::find(&client, endpoint.organization, &[seq]).await?;
            found.first().map(written).transpose()
        }
        None => written(&super::post::test_event(endpoint, claim)).map(Some),
    }
}

fn judge(retries: &[Duration], claim: &Claim, reply: &Reply) -> Verdict {
    match reply.outcome {
        "delivered" => Verdict::Delivered,
        "gone" => Verdict::Gone,
        "event_gone" => Verdict::Failed,
        // A test is one try: whoever asked looks at how it went.
        _ if claim.seq.is_none() => Verdict::Failed,
        _ => schedule::wait(retries, claim.tries, reply.pause).map_or(Verdict::Failed, Verdict::Again),
    }
}
