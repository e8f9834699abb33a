//! Messages that were accepted and whose answer is being held back by a fault.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::clock::Micros;
use crate::ledger::Entry;

/// The answers being held, by ledger number.
#[derive(Debug, Default)]
pub struct Held(Mutex<BTreeMap<u64, (Entry, Micros)>>);

/// Keeps one answer listed until dropped, which a client that hangs up causes too.
#[derive(Debug)]
pub struct Hold<'a> {
    held: &'a Held,
    n: u64,
}

impl Held {
    /// Lists an answer for as long as the guard lives.
    pub fn begin(&self, message: &Entry, now: Micros) -> Hold<'_> {
        self.0.lock().insert(message.n(), (message.clone(), now));
        Hold { held: self, n: message.n() }
    }

    /// The messages held, with the time each hold began.
    pub fn list(&self) -> Vec<(Entry, Micros)> {
        self.0.lock().values().cloned().collect()
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.held.0.lock().remove(&self.n);
    }
}
