//! Groups concurrent requests into one transaction: whoever waits while a group is being written shares the next commit.
//!
//! A lone request is never delayed, and under load groups grow by themselves. What a group costs hardly depends on its size, so
//! one group at a time is cheapest; a second begins only when the one before it takes long, because a lock or the disk keeps
//! it waiting. And while groups are large, the next one gathers for a moment, so that the work saved goes to others.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use crate::shutdown::Shutdown;

/// Handles one group; answers each item at its place.
pub type Execute<I, O> = Arc<dyn Fn(Vec<I>) -> Pin<Box<dyn Future<Output = Vec<O>> + Send>> + Send + Sync>;

/// How long a group keeps the next one waiting; longer than one takes that nothing holds up.
const TURN: Duration = Duration::from_millis(25);
/// A group of so many is a sign of load: the next one gathers first.
const LARGE: usize = 8;
/// How long after the beginning of a large group the next one begins, unless it has become as large as is worth waiting for.
const GATHER: Duration = Duration::from_millis(20);
/// A group of so many begins at once.
const PLENTY: usize = 32;

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
        let items = Items { items, gather_until: None };
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

/// What waits, and until when it gathers.
struct Items<I, O> {
    items: mpsc::Receiver<Item<I, O>>,
    gather_until: Option<Instant>,
}

impl<I, O> Items<I, O> {
    /// Adds to a group what waits, and under load what comes in the next moment.
    async fn gather(&mut self, group: &mut Vec<Item<I, O>>, most: usize) {
        if let Some(until) = self.gather_until {
            let plenty = most.min(PLENTY);
            while group.len() < plenty {
                let room = plenty - group.len();
                match tokio::time::timeout_at(until, self.items.recv_many(group, room)).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        }
        while group.len() < most
            && let Ok(item) = self.items.try_recv()
        {
            group.push(item);
        }
        self.gather_until = (group.len() >= LARGE).then(|| Instant::now() + GATHER);
    }
}

/// Where the writers of a batcher take their groups from.
struct Source<I, O> {
    items: Arc<Mutex<Items<I, O>>>,
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
        if items.items.recv_many(&mut group, 1).await == 0 {
            return None;
        }
        let turn = tokio::time::timeout(TURN, self.turn.clone().acquire_owned()).await;
        items.gather(&mut group, most).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { writers: 2, group: 64, waiting: 1_000 };

    /// A batcher whose groups take no time; each item's answer is the size of its group and when that began.
    fn batcher(shutdown: &Shutdown) -> Batcher<(), (usize, Instant)> {
        let execute: Execute<(), (usize, Instant)> =
            Arc::new(|group| Box::pin(async move { vec![(group.len(), Instant::now()); group.len()] }));
        Batcher::start(LIMITS, shutdown, &execute)
    }

    async fn submit(batcher: &Batcher<(), (usize, Instant)>, items: usize) -> Vec<(usize, Instant)> {
        let submitted = (0..items).map(|_| batcher.submit(()));
        futures_util::future::try_join_all(submitted).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_alone_is_handled_at_once() {
        let shutdown = Shutdown::default();
        let batcher = batcher(&shutdown);
        for _ in 0..3 {
            let asked = Instant::now();
            assert_eq!(submit(&batcher, 1).await, [(1, asked)]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_large_group_the_next_one_gathers_for_a_moment() {
        let shutdown = Shutdown::default();
        let batcher = batcher(&shutdown);
        submit(&batcher, LARGE).await;
        let asked = Instant::now();
        let (first, second) = tokio::join!(submit(&batcher, 1), async {
            tokio::time::sleep(GATHER / 2).await;
            submit(&batcher, 2).await
        });
        assert_eq!(first[0].0, 3, "who came within the moment is in the same group");
        assert!(second.iter().all(|answer| *answer == first[0]) && first[0].1 <= asked + GATHER);
        let asked = Instant::now();
        assert_eq!(submit(&batcher, 1).await, [(1, asked)], "that group was small");
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_that_is_large_enough_gathers_no_longer() {
        let shutdown = Shutdown::default();
        let batcher = batcher(&shutdown);
        submit(&batcher, LARGE).await;
        let asked = Instant::now();
        let answers = submit(&batcher, PLENTY).await;
        assert!(answers.iter().all(|answer| *answer == (PLENTY, asked)), "{answers:?}");
    }
}
