//! Reply windows that close within the hour: each is told once, unless its contact writes before.

use common::db::{Error, closing_windows};

use super::Shared;
use super::duty::Step;

const GROUP: i64 = 300;

/// Nothing to remember.
#[derive(Default)]
pub(super) struct State;

impl Step for State {
    /// Tells of one group; says whether more may be waiting.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        Ok(closing_windows::tell(&shared.context.pool, GROUP).await? == GROUP as usize)
    }
}

#[cfg(test)]
mod tests;
