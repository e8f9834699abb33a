//! Groups concurrent requests into one transaction: whoever waits while the writers are busy shares the next commit.
//!
//! No timer is involved, so a lone request is never delayed, and under load groups grow by themselves.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::shutdown::Shutdown;

/// Handles one group; answers each item at its place.
pub type Execute<I, O> = Arc<dyn Fn(Vec<I>) -> Pin<Box<dyn Future<Output = Vec<O>> + Send>> + Send + Sync>;

/// Size of a batcher.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Groups handled at once.
    pub writers: usize,
    /// Most items of a group.
    pub group: usize,
    /// Most items waiting; more are refused.
    pub waiting: usize,
}

/// Why an item was not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// As many items wait as may.
    #[error("too much is waiting")]
    Full,
    /// The process is stopping, or the group's handler died.
    #[error("the handler stopped")]
    Stopped,
}

/// A queue in front of group transactions; cheap to clone.
pub struct Batcher<I, O> {
    queue: mpsc::Sender<(I, oneshot::Sender<O>)>,
}

impl<I, O> Clone for Batcher<I, O> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Starts the writers; they end when every clone of the batcher is gone.
    pub fn start(limits: Limits, shutdown: &Shutdown, execute: &Execute<I, O>) -> Self {
        let (queue, items) = mpsc::channel(limits.waiting.max(1));
        let items = Arc::new(Mutex::new(items));
        for _ in 0..limits.writers {
            shutdown.spawn(write_groups(items.clone(), limits.group, execute.clone()));
        }
        Self { queue }
    }

    /// Hands an item over and waits for its answer; refuses at once when too much waits.
    ///
    /// # Errors
    /// `Full` or `Stopped`.
    pub async fn try_submit(&self, item: I) -> Result<O, Rejected> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send((item, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Rejected::Full,
            mpsc::error::TrySendError::Closed(_) => Rejected::Stopped,
        })?;
        answered.await.map_err(|_| Rejected::Stopped)
    }

    /// Hands an item over, waiting for room, and waits for its answer.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn submit(&self, item: I) -> Result<O, Rejected> {
        let (answer, answered) = oneshot::channel();
        self.queue.send((item, answer)).await.map_err(|_| Rejected::Stopped)?;
        answered.await.map_err(|_| Rejected::Stopped)
    }
}

type Items<I, O> = Arc<Mutex<mpsc::Receiver<(I, oneshot::Sender<O>)>>>;

async fn write_groups<I, O: Send + 'static>(items: Items<I, O>, most: usize, execute: Execute<I, O>) {
    loop {
        let mut group = Vec::new();
        // Held only while taking a group, so that the writers take turns.
        if items.lock().await.recv_many(&mut group, most).await == 0 {
            return;
        }
        let (inputs, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        // In a task of its own: a panic costs this group its answers, never the writer.
        let Ok(outputs) = tokio::spawn(execute(inputs)).await else {
            tracing::error!("a group's handler panicked");
            continue;
        };
        for (answer, output) in answers.into_iter().zip(outputs) {
            // Whoever asked may be gone; the work is done all the same.
            let _gone = answer.send(output);
        }
    }
}
