//! Updates that wait for their time, handed out in order of time by one task.

use std::cmp::Ordering as Compare;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Notify;

use super::outbox::Batch;
use super::{Update, Webhooks};
use crate::account::Account;
use crate::clock::Micros;

/// Updates that wait for their time.
#[derive(Debug)]
pub struct Schedule {
    heap: Mutex<Heap>,
    wake: Notify,
    capacity: u64,
    queued: AtomicU64,
    dropped: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) posts: AtomicU64,
    pub(super) failed_posts: AtomicU64,
    pub(super) unsubscribed: AtomicU64,
}

/// What became of all updates.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Waiting for their time, their turn or an answer.
    pub queued: u64,
    /// Answered with 200.
    pub delivered: u64,
    /// Dropped because too many were waiting.
    pub dropped: u64,
    /// Discarded because nobody is subscribed.
    pub unsubscribed: u64,
    /// POSTs made.
    pub posts: u64,
    /// POSTs that were not answered with 200.
    pub failed_posts: u64,
}

#[derive(Debug, Default)]
struct Heap {
    entries: BinaryHeap<Entry>,
    added: u64,
}

#[derive(Debug)]
struct Entry {
    due: Micros,
    order: u64,
    job: Job,
}

#[derive(Debug)]
enum Job {
    Update(Update),
    Retry(Arc<Account>, Box<Batch>),
}

impl Ord for Entry {
    /// The heap shows its greatest first: that is the entry due first.
    fn cmp(&self, other: &Self) -> Compare {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Compare> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Compare::Equal
    }
}
impl Eq for Entry {}

/// Most entries handed out before the lock is given to others.
const HAND_OUT: usize = 512;

impl Schedule {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            heap: Mutex::default(),
            wake: Notify::new(),
            capacity: capacity as u64,
            queued: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            posts: AtomicU64::new(0),
            failed_posts: AtomicU64::new(0),
            unsubscribed: AtomicU64::new(0),
        }
    }

    /// Adds an update, to be handed out at its time, after all earlier ones and those added before it.
    pub fn add(&self, due: Micros, update: Update) {
        if self.queued.fetch_add(1, Ordering::Relaxed) >= self.capacity {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.insert(due, Job::Update(update));
    }

    /// Adds a POST to repeat.
    pub(super) fn retry(&self, due: Micros, account: Arc<Account>, batch: Batch) {
        self.insert(due, Job::Retry(account, Box::new(batch)));
    }

    /// Updates have left.
    pub(super) fn settled(&self, updates: usize, delivered: bool) {
        self.queued.fetch_sub(updates as u64, Ordering::Relaxed);
        let counter = if delivered { &self.delivered } else { &self.unsubscribed };
        counter.fetch_add(updates as u64, Ordering::Relaxed);
    }

    /// What became of all updates.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            queued: read(&self.queued),
            delivered: read(&self.delivered),
            dropped: read(&self.dropped),
            unsubscribed: read(&self.unsubscribed),
            posts: read(&self.posts),
            failed_posts: read(&self.failed_posts),
        }
    }

    fn insert(&self, due: Micros, job: Job) {
        let mut heap = self.heap.lock();
        heap.added += 1;
        let entry = Entry { due, order: heap.added, job };
        let first = heap.entries.peek().is_none_or(|earliest| entry > *earliest);
        heap.entries.push(entry);
        drop(heap);
        if first {
            self.wake.notify_one();
        }
    }

    /// Takes some entries that are due, and says when the next one is.
    fn due(&self, now: Micros, jobs: &mut Vec<Job>) -> Option<Micros> {
        let mut heap = self.heap.lock();
        while jobs.len() < HAND_OUT && heap.entries.peek().is_some_and(|entry| entry.due <= now) {
            jobs.extend(heap.entries.pop().map(|entry| entry.job));
        }
        heap.entries.peek().map(|entry| entry.due)
    }
}

impl Webhooks {
    /// Hands out updates as they fall due, for ever.
    pub(super) async fn hand_out(self: Arc<Self>) {
        let mut jobs = Vec::with_capacity(HAND_OUT);
        let mut touched: Vec<Arc<Account>> = Vec::new();
        loop {
            let next = self.schedule.due(self.clock.now(), &mut jobs);
            if jobs.is_empty() {
                self.rest(next).await;
                continue;
            }
            for job in jobs.drain(..) {
                let account = match &job {
                    Job::Update(update) => update.phone().account.clone(),
                    Job::Retry(account, _) => account.clone(),
                };
                match job {
                    Job::Update(update) => {
                        update.take_effect();
                        account.outbox.push(update);
                    }
                    Job::Retry(_, batch) => account.outbox.push_retry(*batch),
                }
                if !touched.iter().any(|known| Arc::ptr_eq(known, &account)) {
                    touched.push(account);
                }
            }
            self.changes.tell();
            for account in touched.drain(..) {
                self.put_to_work(&account);
            }
        }
    }

    async fn rest(&self, next: Option<Micros>) {
        let wake = self.schedule.wake.notified();
        match next {
            None => wake.await,
            Some(due) => tokio::select! {
                () = wake => {}
                () = tokio::time::sleep_until(self.clock.instant(due)) => {}
            },
        }
    }
}
