//! Numbers committed events, in the order of their positions within a conversation.
//!
//! Positions are drawn before the commit, so a lower one may become visible after a higher one. Within a conversation the
//! lock rules that out; between conversations it is the rule. The sequencer therefore remembers the positions it passed
//! over and looks at them again, rather than at everything behind it: under an old snapshot of a stranger, what lies behind
//! is full of dead rows.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::db::Error;
use common::db::pipeline::events;
use deadpool_postgres::Pool;

use super::Shared;
use super::duty::Step;

const GROUP: i64 = 1_000;
/// No transaction of ours lasts this long: the session's time-outs end it before.
const LONGEST_TRANSACTION: Duration = Duration::from_secs(60);
/// Most time that counts between two looks: a server that stood still has ended no transaction meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where the sequencer is.
#[derive(Default)]
pub(super) struct State {
    /// Positions up to here may have been drawn before this sequencer looked.
    highest_before: Option<i64>,
    /// All positions up to here are numbered, skipped or given up.
    reached: i64,
    /// Positions passed over, and when by `watched`: in flight, or rolled back.
    skipped: BTreeMap<i64, Duration>,
    /// The last look, and how long the server has been seen at work in all.
    looked: Option<Instant>,
    watched: Duration,
}

impl Step for State {
    /// Numbers the next group.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        self.look(&shared.context.pool).await
    }
}

impl State {
    async fn look(&mut self, pool: &Pool) -> Result<bool, Error> {
        let highest_before = match self.highest_before {
            Some(highest) => highest,
            None => *self.highest_before.insert(events::highest(pool).await?),
        };
        // At first, anything may be in flight behind: look at it all until such transactions have ended.
        let after = if self.watched < LONGEST_TRANSACTION { 0 } else { self.reached };
        let skipped: Vec<i64> = self.skipped.keys().copied().collect();
        let positions = events::number(pool, after, &skipped, GROUP).await?;
        self.watch(Instant::now());
        self.pass(&positions, highest_before);
        Ok(positions.len() as i64 >= GROUP)
    }

    /// Counts the time since the last look that worked.
    fn watch(&mut self, now: Instant) {
        let since = self.looked.replace(now).map_or(Duration::ZERO, |before| now.duration_since(before));
        self.watched += since.min(LONGEST_PAUSE);
    }

    /// Moves on to the last of these positions and remembers those between that were not there.
    fn pass(&mut self, positions: &[i64], highest_before: i64) {
        let now = self.watched;
        for position in positions {
            self.skipped.remove(position);
            let from = self.reached.max(highest_before) + 1;
            (from..*position).for_each(|gap| _ = self.skipped.insert(gap, now));
            self.reached = self.reached.max(*position);
        }
        self.skipped.retain(|_, since| now - *since < LONGEST_TRANSACTION);
    }
}
