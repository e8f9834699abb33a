//! Messages that were accepted and whose answer is being held back by a fault.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::Micros;
use crate::ledger::Entry;

/// The answers being held, by ledger number.
#[derive(Debug, Default)]
pub struct Held {
    answers: Mutex<BTreeMap<u64, (Entry, Micros)>>,
    released: Notify,
}

/// Keeps one answer listed until dropped, which a client that hangs up causes too.
#[derive(Debug)]
pub struct Hold<'a> {
    held: &'a Held,
    n: u64,
}

impl Held {
    /// Lists an answer for as long as the guard lives.
    pub fn begin(&self, message: &Entry, now: Micros) -> Hold<'_> {
        self.answers.lock().insert(message.n(), (message.clone(), now));
        Hold { held: self, n: message.n() }
    }

    /// The messages held, with the time each hold began.
    pub fn list(&self) -> Vec<(Entry, Micros)> {
        self.answers.lock().values().cloned().collect()
    }

    /// Lets all of them go.
    pub fn release(&self) {
        self.released.notify_waiters();
    }
}

impl Hold<'_> {
    /// Waits until the time is over or the answer is let go.
    pub async fn wait(self, milliseconds: u64) {
        let released = self.held.released.notified();
        _ = tokio::time::timeout(Duration::from_millis(milliseconds), released).await;
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.held.answers.lock().remove(&self.n);
    }
}
