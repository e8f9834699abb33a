//! Keeps one event's fault from holding back others: a failing group is split into lanes, a failing lane into events.

use std::time::Instant;

use common::db::pipeline::channel_events;
use common::db::{Error, Tx};
use common::metrics;
use deadpool_postgres::Pool;
use uuid::Uuid;

use super::group::transact;

/// Most events of a transaction.
const EVENTS: i64 = 400;
/// Tries before an event is set aside as a dead letter, and its lane goes on without it.
const TRIES: i32 = 5;

/// Works off lanes.
pub(super) struct Applier {
    pool: Pool,
}

impl Applier {
    pub(super) fn new(pool: &Pool) -> Self {
        Self { pool: pool.clone() }
    }

    /// Works off all that waits in the lanes of several pointers.
    pub(super) async fn apply(&self, pointers: Vec<Vec<Uuid>>) -> Vec<Result<(), String>> {
        let started = Instant::now();
        let asked = pointers.len();
        let mut lanes: Vec<Uuid> = pointers.into_iter().flatten().collect();
        lanes.sort_unstable();
        lanes.dedup();
        metrics::get().group_items.with_label_values(&["apply"]).observe(lanes.len() as f64);
        let mut worked_off = self.exhaust(&lanes).await;
        if worked_off.as_ref().is_err_and(|error| !error.is_unavailable()) {
            worked_off = self.one_by_one(&lanes).await;
        }
        metrics::get().group_seconds.with_label_values(&["apply"]).observe(started.elapsed().as_secs_f64());
        let answer = worked_off.map_err(|error| error.to_string());
        (0..asked).map(|_| answer.clone()).collect()
    }

    async fn exhaust(&self, lanes: &[Uuid]) -> Result<(), Error> {
        while transact(&self.pool, lanes, EVENTS).await?.more {}
        Ok(())
    }

    async fn one_by_one(&self, lanes: &[Uuid]) -> Result<(), Error> {
        for lane in lanes {
            let lane = std::slice::from_ref(lane);
            match self.exhaust(lane).await {
                Ok(()) => (),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(_) => self.past_the_fault(lane).await?,
            }
        }
        Ok(())
    }

    /// One event at a time; the one that fails is counted, and set aside after a few tries.
    async fn past_the_fault(&self, lane: &[Uuid]) -> Result<(), Error> {
        loop {
            match transact(&self.pool, lane, 1).await {
                Ok(done) if done.more => (),
                Ok(_) => return Ok(()),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    let Some(event) = self.first(lane).await? else { return Ok(()) };
                    tracing::error!(%error, channel_event = event, "a channel event could not be worked off");
                    metrics::get().channel_events_applied.with_label_values(&["any", "failed"]).inc();
                    let tx = Tx::open(&self.pool).await?;
                    channel_events::fail(tx, event, &error.to_string(), TRIES).await?;
                }
            }
        }
    }

    async fn first(&self, lane: &[Uuid]) -> Result<Option<i64>, Error> {
        let client = self.pool.get().await?;
        let row = client.query_opt(channel_events::WAITING, &[&lane, &1_i64]).await?;
        Ok(row.map(|row| row.get(0)))
    }
}
