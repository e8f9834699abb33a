//! Stores events of concurrent webhooks in one statement, and points the workers at them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::batch::{Batcher, Execute, Limits, Rejected};
use common::db::pipeline::channel_events::{self, NewChannelEvent};
use common::db::{Error, within};
use common::metrics;
use common::queue::{Publisher, Route, Task};
use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use tokio::sync::mpsc;
use uuid::Uuid;

/// One writer: groups are stored one after the other, in the order in which they came in.
const LIMITS: Limits = Limits { writers: 1, group: 100, waiting: 2_000 };

/// A provider waits for its answer: past this, the fallback queue takes the webhook, and the keys keep it from counting
/// twice.
const PATIENCE: Duration = Duration::from_secs(3);

type Stored = Result<usize, Arc<Error>>;

/// Stores events; cheap to clone.
#[derive(Clone)]
pub(super) struct Store {
    batcher: Batcher<Vec<NewChannelEvent>, Stored>,
}

impl Store {
    pub(super) fn start(pool: &Pool, publisher: &Publisher, shutdown: &Shutdown) -> Self {
        let (pointers, lanes) = mpsc::channel(1_000);
        shutdown.spawn(point(publisher.clone(), lanes));
        let pool = pool.clone();
        let execute: Execute<_, _> = Arc::new(move |group| {
            let (pool, pointers) = (pool.clone(), pointers.clone());
            Box::pin(async move { store(&pool, &pointers, group).await })
        });
        Self { batcher: Batcher::start(LIMITS, shutdown, &execute) }
    }

    /// Stores events; returns how many were new.
    pub(super) async fn insert(&self, events: Vec<NewChannelEvent>) -> Result<usize, Error> {
        match self.batcher.try_submit(events).await {
            Ok(Ok(stored)) => Ok(stored),
            Ok(Err(error)) => Err(again(&error)),
            // Too much waits for the database: the fallback queue takes it.
            Err(Rejected::Full | Rejected::Stopped) => Err(Error::Pool(deadpool_postgres::PoolError::Closed)),
        }
    }
}

/// The group's error, for each webhook of the group.
fn again(error: &Error) -> Error {
    if error.is_unavailable() {
        return Error::Pool(deadpool_postgres::PoolError::Closed);
    }
    Error::Stored(error.to_string())
}

async fn store(
    pool: &Pool,
    pointers: &mpsc::Sender<Vec<Uuid>>,
    group: Vec<Vec<NewChannelEvent>>,
) -> Vec<Stored> {
    let started = Instant::now();
    let webhooks = group.len();
    let sizes: Vec<usize> = group.iter().map(Vec::len).collect();
    let events: Vec<NewChannelEvent> = group.into_iter().flatten().collect();
    metrics::get().group_items.with_label_values(&["intake"]).observe(events.len() as f64);
    let stored = within(PATIENCE, channel_events::insert(pool, &events)).await;
    metrics::get().group_seconds.with_label_values(&["intake"]).observe(started.elapsed().as_secs_f64());
    match stored {
        Ok(lanes) => {
            let mut fresh = lanes.len();
            // A full channel forgets pointers; the sweep finds the rows.
            let _full = pointers.try_send(lanes);
            let share = |size: usize| {
                let taken = size.min(fresh);
                fresh -= taken;
                Ok(taken)
            };
            sizes.into_iter().map(share).collect()
        }
        Err(error) => {
            let error = Arc::new(error);
            (0..webhooks).map(|_| Err(error.clone())).collect()
        }
    }
}

/// Publishes pointers to lanes with new events. Whatever is not published is found by the sweep.
async fn point(publisher: Publisher, mut lanes: mpsc::Receiver<Vec<Uuid>>) {
    let mut groups = Vec::new();
    while lanes.recv_many(&mut groups, 16).await > 0 {
        let mut lanes: Vec<Uuid> = groups.drain(..).flatten().collect();
        lanes.sort_unstable();
        lanes.dedup();
        let chunks = lanes.chunks(Task::EVENT_LANES).map(|chunk| {
            let body = Task::ApplyChannelEventsV1 { lanes: chunk.to_vec() }.encode();
            let publisher = &publisher;
            async move { publisher.publish(Route::Inbound, &body).await }
        });
        for result in futures_util::future::join_all(chunks).await {
            if let Err(error) = result {
                tracing::debug!(%error, "a pointer to channel events was not published; the sweep will find them");
            }
        }
    }
}
