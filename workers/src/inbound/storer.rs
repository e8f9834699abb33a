//! Stores webhooks of the fallback queue: group by group, in the order in which they were taken in.

use std::collections::HashMap;
use std::time::Duration;

use common::db::Error;
use common::db::pipeline::channel_events;
use common::intake::{Envelope, Sources, sort};
use common::metrics;
use common::queue::{Outcome, Publisher, Route, Task};
use deadpool_postgres::Pool;
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Most webhooks of a group.
pub(super) const GROUP: u16 = 50;
/// Most bytes of a group, unless one webhook alone has more.
const GROUP_BYTES: usize = 4 << 20;
/// Tries before a webhook that cannot be stored becomes a dead letter.
const TRIES: u32 = 5;

/// A webhook in its envelope, and who waits for it to be stored. Dropped, it is left to another process.
pub(super) struct Waiting {
    pub bytes: Vec<u8>,
    pub done: oneshot::Sender<Outcome>,
}

/// Stores webhooks.
pub(super) struct Storer {
    pub pool: Pool,
    pub sources: Sources,
    pub publisher: Publisher,
    pub stop: CancellationToken,
}

type Read = (Envelope, oneshot::Sender<Outcome>);

impl Storer {
    /// Stores what comes, until it is told to stop or nothing can come any more.
    pub(super) async fn run(self, mut queue: mpsc::UnboundedReceiver<Waiting>) {
        let mut waiting = Vec::new();
        loop {
            let received = queue.recv_many(&mut waiting, GROUP.into());
            match self.stop.run_until_cancelled(received).await {
                None | Some(0) => return,
                Some(_) => {
                    while !waiting.is_empty() {
                        let rest = waiting.split_off(fitting(&waiting));
                        self.work_off(std::mem::replace(&mut waiting, rest)).await;
                    }
                }
            }
        }
    }

    async fn work_off(&self, group: Vec<Waiting>) {
        let mut envelopes = Vec::new();
        for waiting in group {
            match Envelope::decode(&waiting.bytes) {
                Some(envelope) => envelopes.push((envelope, waiting.done)),
                None => {
                    tracing::error!("a webhook in the fallback queue cannot be read");
                    let _gone = waiting.done.send(Outcome::Dead);
                }
            }
        }
        if !envelopes.is_empty() {
            self.store_insistently(envelopes).await;
        }
    }

    /// Waits the database out. A fault that lies in one webhook does not hold the others back.
    async fn store_insistently(&self, mut group: Vec<Read>) {
        let (mut pause, mut failures) = (Duration::from_millis(50), 0);
        loop {
            let outcome = match self.store(&group).await {
                Ok(()) => Outcome::Done,
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, "webhooks in the fallback queue wait for the database");
                    Outcome::Unfinished
                }
                Err(_) if group.len() > 1 => {
                    for one in group.drain(..) {
                        Box::pin(self.store_insistently(vec![one])).await;
                    }
                    return;
                }
                Err(error) => {
                    failures += 1;
                    tracing::error!(%error, failures, "a webhook in the fallback queue cannot be stored");
                    if failures < TRIES { Outcome::Unfinished } else { Outcome::Dead }
                }
            };
            if outcome != Outcome::Unfinished {
                // Whoever waited may be gone with its connection: then it comes again, and counts once.
                group.into_iter().for_each(|(_, done)| _ = done.send(outcome));
                return;
            }
            if self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn store(&self, group: &[Read]) -> Result<(), Error> {
        for group in group.chunk_by(|(one, _), (next, _)| one.channel == next.channel) {
            self.store_channel(group).await?;
        }
        Ok(())
    }

    /// Stores webhooks of one channel.
    async fn store_channel(&self, group: &[Read]) -> Result<(), Error> {
        let Some((Envelope { channel, .. }, _)) = group.first() else { return Ok(()) };
        let (mut accepted, mut rejected, mut dropped) = (Vec::new(), 0, 0);
        let mut reached: HashMap<Uuid, i64> = HashMap::new();
        for (envelope, _) in group {
            let number = reached.entry(envelope.process).or_default();
            *number = envelope.number.max(*number);
            if envelope.is_marker() {
                continue;
            }
            let body = envelope.body().unwrap_or_default();
            let webhook = (&envelope.headers, body.as_ref());
            let sorted =
                sort(&self.sources, *channel, webhook, (envelope.received_at, envelope.trace)).await?;
            if let Some(reason) = &sorted.kept_whole {
                channel_events::insert_unparsed(&self.pool, *channel, &body, reason).await?;
            }
            rejected += sorted.rejected;
            dropped += sorted.dropped;
            accepted.extend(sorted.accepted);
        }
        let lanes = channel_events::insert(&self.pool, &accepted).await?;
        for (process, number) in reached {
            channel_events::set_progress(&self.pool, process, number).await?;
        }
        let count = |result: &str, events: usize| {
            let labels = [channel.as_str(), result];
            metrics::get().channel_events.with_label_values(&labels).inc_by(events as u64);
        };
        count("rejected", rejected);
        count("dropped", dropped);
        count("stored", lanes.len());
        self.point(lanes).await;
        Ok(())
    }

    /// Whatever is not published is found by the sweep.
    async fn point(&self, mut lanes: Vec<Uuid>) {
        lanes.sort_unstable();
        lanes.dedup();
        let tasks =
            lanes.chunks(Task::EVENT_LANES).map(|chunk| Task::ApplyChannelEventsV1 { lanes: chunk.to_vec() });
        let published =
            tasks.map(|task| async move { self.publisher.publish(Route::Inbound, &task.encode()).await });
        for result in join_all(published).await {
            if let Err(error) = result {
                tracing::debug!(%error, "a pointer was not published; the sweep will find the events");
            }
        }
    }
}

/// How many of these make a group: at least one.
fn fitting(waiting: &[Waiting]) -> usize {
    let mut bytes = 0;
    let fits = |waiting: &&Waiting| {
        bytes += waiting.bytes.len();
        bytes <= GROUP_BYTES
    };
    waiting.iter().take_while(fits).count().max(1)
}
