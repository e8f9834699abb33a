//! Rate limits as generic cell rates: one time says how much of the burst is used up.

use crate::clock::Micros;

/// How often something may happen.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Time that one use costs.
    pub interval: Micros,
    /// Uses allowed at once after a rest.
    pub burst: u64,
}

/// The use of one rate limit so far.
#[derive(Debug, Default)]
pub struct Cell {
    paid_until: Micros,
}

impl Cell {
    /// Whether one more use fits now.
    pub fn allows(&self, now: Micros, rate: Rate) -> bool {
        self.paid_until <= now + rate.interval * (rate.burst - 1)
    }

    /// Counts one use.
    pub fn take(&mut self, now: Micros, rate: Rate) {
        self.paid_until = self.paid_until.max(now) + rate.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_borrowed_and_paid_back() {
        let rate = Rate { interval: 6, burst: 45 };
        let mut cell = Cell::default();
        for _ in 0..45 {
            assert!(cell.allows(0, rate));
            cell.take(0, rate);
        }
        assert!(!cell.allows(5, rate));
        assert!(cell.allows(6, rate));
    }
}
