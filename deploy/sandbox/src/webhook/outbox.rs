//! Updates of one account that are due: chats in parallel, each chat in order.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use super::Update;
use crate::settings::Behaviour;

/// Updates of one account that are due.
#[derive(Debug)]
pub struct Outbox {
    lines: Mutex<Lines>,
    /// One permit wakes one idle worker; a count, so that no wake-up can be lost.
    wake: Semaphore,
    down: AtomicBool,
    recovered: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    by_chat: HashMap<u64, Line>,
    /// Chats with updates and no POST under way.
    ready: VecDeque<u64>,
    /// Updates of the ready chats.
    waiting: usize,
    /// POSTs to repeat now; their chats are still busy.
    retries: VecDeque<Batch>,
    workers: usize,
    idle: usize,
    /// Whether a worker waits for more updates to fill its POST.
    collecting: bool,
}

/// Updates of one chat. Exists only while it has some or is busy.
#[derive(Debug, Default)]
struct Line {
    updates: VecDeque<Update>,
    busy: bool,
}

/// Updates for one POST. Their chats are busy until it is done.
#[derive(Debug)]
pub struct Batch {
    /// In the order to tell them.
    pub updates: Vec<Update>,
    /// Attempts that failed.
    pub attempts: u32,
    chats: Vec<u64>,
}

/// How to get a worker going.
#[derive(Debug, PartialEq, Eq)]
pub enum Work {
    /// One was woken, or there is nothing to do.
    Arranged,
    /// Start a new one.
    Spawn,
}

enum Next {
    Post(Batch),
    Collect,
    Idle,
    Quit,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
            wake: Semaphore::new(0),
            down: AtomicBool::new(false),
            recovered: Notify::new(),
        }
    }
}

impl Outbox {
    /// Adds an update that is due; `arrange` must follow.
    pub fn push(&self, update: Update) {
        let key = update.chat_key();
        let lines = &mut *self.lines.lock();
        let line = lines.by_chat.entry(key).or_default();
        if !line.busy {
            lines.waiting += 1;
            if line.updates.is_empty() {
                lines.ready.push_back(key);
            }
        }
        line.updates.push_back(update);
    }

    /// Adds a POST to repeat; `arrange` must follow.
    pub fn push_retry(&self, batch: Batch) {
        self.lines.lock().retries.push_back(batch);
    }

    /// Makes sure that somebody works if there is work.
    pub fn arrange(&self, concurrency: usize) -> Work {
        let mut lines = self.lines.lock();
        if lines.has_work() { lines.hire(&self.wake, concurrency) } else { Work::Arranged }
    }

    /// The next POST for a worker, waiting for one; `None` when there are too many workers.
    pub async fn next(&self, behaviour: impl Fn() -> std::sync::Arc<Behaviour>) -> Option<Batch> {
        loop {
            let now = behaviour();
            let next = self.lines.lock().next(now.batch, now.webhook_concurrency);
            match next {
                Next::Post(batch) => return Some(batch),
                Next::Quit => {
                    // The wake-up this worker got may have been for work that is still there.
                    let mut lines = self.lines.lock();
                    if lines.has_work() {
                        lines.hire(&self.wake, 0);
                    }
                    return None;
                }
                Next::Idle => {
                    if let Ok(permit) = self.wake.acquire().await {
                        permit.forget();
                    }
                }
                Next::Collect => {
                    tokio::time::sleep(Duration::from_millis(now.batch_ms)).await;
                    let mut lines = self.lines.lock();
                    lines.collecting = false;
                    let batch = lines.take(now.batch);
                    drop(lines);
                    if batch.is_some() {
                        return batch;
                    }
                }
            }
        }
    }

    /// A POST is done: its chats may go on.
    pub fn finish(&self, batch: Batch) -> Vec<Update> {
        let lines = &mut *self.lines.lock();
        for key in batch.chats {
            let Some(line) = lines.by_chat.get_mut(&key) else { continue };
            if line.updates.is_empty() {
                lines.by_chat.remove(&key);
            } else {
                line.busy = false;
                lines.waiting += line.updates.len();
                lines.ready.push_back(key);
            }
        }
        batch.updates
    }

    /// The callback could not be reached.
    pub fn went_down(&self) {
        self.down.store(true, Ordering::Relaxed);
    }

    /// The callback answered: those who wait in `pause` need not wait on.
    pub fn came_up(&self) {
        if self.down.load(Ordering::Relaxed) && self.down.swap(false, Ordering::Relaxed) {
            self.recovered.notify_waiters();
        }
    }

    /// Waits, but not longer than until the callback answers somebody else.
    pub async fn pause(&self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.recovered.notified()).await;
    }
}

impl Lines {
    fn has_work(&self) -> bool {
        !self.retries.is_empty() || (!self.ready.is_empty() && !self.collecting)
    }

    fn hire(&mut self, wake: &Semaphore, concurrency: usize) -> Work {
        if self.idle > 0 {
            self.idle -= 1;
            wake.add_permits(1);
        } else if self.workers < concurrency {
            self.workers += 1;
            return Work::Spawn;
        }
        Work::Arranged
    }

    fn next(&mut self, batch: usize, concurrency: usize) -> Next {
        if self.workers > concurrency {
            self.workers -= 1;
            return Next::Quit;
        }
        if !self.has_work() {
            self.idle += 1;
            return Next::Idle;
        }
        if self.retries.is_empty() && self.waiting < batch {
            self.collecting = true;
            return Next::Collect;
        }
        // `has_work` holds, so there is something to take.
        self.take(batch).map_or(Next::Collect, Next::Post)
    }

    fn take(&mut self, most: usize) -> Option<Batch> {
        if let Some(batch) = self.retries.pop_front() {
            return Some(batch);
        }
        let mut batch =
            Batch { updates: Vec::with_capacity(most.min(self.waiting)), attempts: 0, chats: Vec::new() };
        while batch.updates.len() < most {
            let Some(key) = self.ready.pop_front() else { break };
            let Some(line) = self.by_chat.get_mut(&key) else { continue };
            let room = (most - batch.updates.len()).min(line.updates.len());
            // What does not fit waits in its line until this POST is done.
            self.waiting -= line.updates.len();
            line.busy = true;
            batch.updates.extend(line.updates.drain(..room));
            batch.chats.push(key);
        }
        (!batch.updates.is_empty()).then_some(batch)
    }
}
