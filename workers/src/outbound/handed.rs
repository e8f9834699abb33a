//! Which attempts are in somebody's hands in this process.
//!
//! A claim whose commit was not answered may stand all the same. The next pointer to its lane finds an attempt of this worker
//! that is in nobody's hands: nothing has left for it, and it is taken up as if it had just been claimed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

#[derive(Debug, Clone, Default)]
pub(super) struct Hands(Arc<Mutex<HashSet<Uuid>>>);

/// Holds an attempt until dropped.
#[derive(Debug)]
pub(super) struct Held {
    hands: Hands,
    attempt: Uuid,
}

impl Hands {
    /// Takes an attempt, unless it is in somebody's hands.
    pub(super) fn take(&self, attempt: Uuid) -> Option<Held> {
        let fresh = self.0.lock().is_ok_and(|mut held| held.insert(attempt));
        fresh.then(|| Held { hands: self.clone(), attempt })
    }

    /// Whether an attempt is in somebody's hands.
    pub(super) fn hold(&self, attempt: Uuid) -> bool {
        self.0.lock().map_or(true, |held| held.contains(&attempt))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(mut held) = self.hands.0.lock() {
            held.remove(&self.attempt);
        }
    }
}
