//! Webhooks to the business: when each update is due, in what order, and how it is posted.

pub mod outbox;
mod payload;
mod post;
mod schedule;
mod sign;
mod update;

pub use payload::ascii;
pub use schedule::Schedule;
pub use sign::signature;
pub use update::{Event, Update};

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::changes::Changes;
use crate::clock::Clock;
use crate::live::Live;

/// Everything that posting webhooks needs.
#[derive(Debug)]
pub struct Webhooks {
    /// Updates that wait for their time.
    pub schedule: Schedule,
    /// The client that posts, and performs handshakes.
    pub client: reqwest::Client,
    behaviour: Arc<Live>,
    clock: Arc<Clock>,
    changes: Arc<Changes>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Webhooks {
    /// Ready to schedule; nothing is posted until `start`.
    pub fn new(
        behaviour: Arc<Live>,
        clock: Arc<Clock>,
        changes: Arc<Changes>,
        capacity: usize,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            schedule: Schedule::new(capacity),
            client: post::client()?,
            behaviour,
            clock,
            changes,
            tasks: TaskTracker::new(),
            stop,
        })
    }

    /// Starts handing out updates as they fall due.
    pub fn start(self: &Arc<Self>) {
        let webhooks = self.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(webhooks.hand_out()).await });
    }

    /// Does something beside, which ends with the sandbox.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(work).await });
    }

    /// Waits until every task has ended; the stop signal must have been given.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
