//! Groups concurrent requests into one transaction: whoever waits while a group is being written shares the next commit.
//!
//! A lone request is never delayed, and under load groups grow by themselves. What a group costs hardly depends on its size, so
//! one group at a time is cheapest; a second begins only when the one before it takes long, because a lock or the disk keeps
//! it waiting.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::shutdown::Shutdown;

/// Handles one group; answers each item at its place.
pub type Execute<I, O> = Arc<dyn Fn(Vec<I>) -> Pin<Box<dyn Future<Output = Vec<O>> + Send>> + Send + Sync>;

/// How long a group keeps the next one waiting; longer than one takes that nothing holds up.
const TURN: Duration = Duration::from_millis(25);

/// Size of a batcher.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Groups handled at once, when they take long.
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
    queue: mpsc::Sender<Item<I, O>>,
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
        let source = Source { items: Arc::new(Mutex::new(items)), turn: Arc::new(Semaphore::new(1)) };
        for _ in 0..limits.writers {
            shutdown.spawn(write_groups(source.clone(), limits.group, execute.clone()));
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

/// An item, and who waits for its answer.
type Item<I, O> = (I, oneshot::Sender<O>);

/// Where the writers of a batcher take their groups from.
struct Source<I, O> {
    items: Arc<Mutex<mpsc::Receiver<Item<I, O>>>>,
    turn: Arc<Semaphore>,
}

impl<I, O> Clone for Source<I, O> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), turn: self.turn.clone() }
    }
}

/// A group, and the turn that its writer has unless an earlier group takes long.
type Group<I, O> = (Vec<Item<I, O>>, Option<OwnedSemaphorePermit>);

impl<I, O> Source<I, O> {
    /// Waits for an item, and for the turn while others join it; nothing once every sender is gone.
    async fn next(&self, most: usize) -> Option<Group<I, O>> {
        // Held while taking a group, so that the writers take turns.
        let mut items = self.items.lock().await;
        let mut group = Vec::new();
        if items.recv_many(&mut group, 1).await == 0 {
            return None;
        }
        let turn = tokio::time::timeout(TURN, self.turn.clone().acquire_owned()).await;
        while group.len() < most
            && let Ok(item) = items.try_recv()
        {
            group.push(item);
        }
        Some((group, turn.ok().and_then(Result::ok)))
    }
}

async fn write_groups<I, O: Send + 'static>(source: Source<I, O>, most: usize, execute: Execute<I, O>) {
    while let Some((group, turn)) = source.next(most).await {
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
        drop(turn);
    }
}
