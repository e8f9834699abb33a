//! Follows the event log and keeps the words by which messages are found.

use common::db::Error;
use common::db::message_search::{self, Portion};
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

const PORTION: Portion = Portion { organizations: 25, events: 400 };

/// Which organization was looked at last: each has its turn, however much the others write.
#[derive(Default)]
pub(super) struct State {
    after: Uuid,
}

impl Step for State {
    /// Takes up the next events; says whether more are waiting.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let followed = message_search::follow(&shared.context.pool, self.after, PORTION).await?;
        let begun_anew = self.after.is_nil();
        self.after = followed.last.unwrap_or_default();
        Ok(followed.more || followed.last.is_some() || !begun_anew)
    }
}
