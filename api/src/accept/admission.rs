//! Admission at acceptance: a sender's lanes go straight to the broker at the sender's own pace, and wait in PostgreSQL
//! beyond it.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

/// How much of each sender's budget this process may admit by itself. What is over waits for the relay, which sees all
/// processes.
pub(super) struct Admission {
    limiters: RateLimiter<(Uuid, u32), DashMapStateStore<(Uuid, u32)>, DefaultClock>,
    calls: AtomicU64,
}

/// Share of a sender's pace, in hundredths, that one unit of the limiter stands for.
const UNITS: u32 = 10_000;

impl Admission {
    pub(super) fn new() -> Self {
        let units = NonZeroU32::MIN.saturating_add(UNITS - 1);
        Self { limiters: RateLimiter::dashmap(Quota::per_second(units)), calls: AtomicU64::new(1) }
    }

    /// Whether a lane of this sender may go out now. One limiter serves senders of any pace: a message costs its sender
    /// the share of a second that it takes.
    pub(super) fn admits(&self, inbox: Uuid, pace: i32) -> bool {
        let pace = u32::try_from(pace).unwrap_or(1).max(1);
        let cost = NonZeroU32::MIN.saturating_add((UNITS / pace).saturating_sub(1));
        matches!(self.limiters.check_key_n(&(inbox, pace), cost), Ok(Ok(())))
    }

    /// Forgets senders that have been quiet; most calls do nothing, because looking at all of them takes a while.
    pub(super) fn tidy_now_and_then(&self) {
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(10_000) {
            self.limiters.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_admitted_at_its_own_pace() {
        let admission = Admission::new();
        let (slow, fast) = (Uuid::now_v7(), Uuid::now_v7());
        let admitted = |inbox, pace| (0..2_000).filter(|_| admission.admits(inbox, pace)).count();
        let (slow, fast) = (admitted(slow, 80), admitted(fast, 1_000));
        assert!((80..120).contains(&slow) && (1_000..1_300).contains(&fast), "{slow} {fast}");
    }
}
