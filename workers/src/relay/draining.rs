//! What waits in inboxes that were deleted ends: a part at a time, with a pause after each, so that live traffic does not feel it.

use std::collections::HashSet;

use chrono::Utc;
use common::db::draining::{self, Deleted, Place};
use common::db::pipeline::Changes;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::{Error, Tx};
use common::delivery::{End, failure, settle};
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

/// Conversations looked at, and messages ended, by a step.
const BLOCK: i64 = 500;
const GROUP: i64 = 300;

/// Where the look through the deleted inboxes is.
#[derive(Default)]
pub(super) struct State {
    after: Uuid,
    current: Option<Current>,
}

/// An inbox that is being gone through.
struct Current {
    inbox: Deleted,
    place: Place,
    /// Whether something was under way that ends by its own outcome: then it is gone through once more.
    under_way: bool,
}

impl Step for State {
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let client = shared.context.pool.get().await?;
        let Some(current) = &mut self.current else {
            let found = draining::next(&client, self.after).await?;
            self.after = found.map_or(Uuid::nil(), |deleted| deleted.inbox);
            self.current = found.map(|inbox| Current { inbox, place: Place::default(), under_way: false });
            return Ok(false);
        };
        let block = draining::block(&client, current.inbox.inbox, &current.place, BLOCK).await?;
        let Some(next) = block.next else {
            if current.inbox.settled && !current.under_way {
                draining::done(&client, current.inbox.inbox).await?;
            }
            self.current = None;
            return Ok(false);
        };
        drop(client);
        if block.waiting.is_empty() {
            current.place = next;
            return Ok(false);
        }
        if !end_what_waits(shared, &block.waiting).await? {
            current.under_way = true;
            current.place = next;
        }
        Ok(false)
    }
}

/// Ends messages in line and outside of it, up to `GROUP`; says whether it can go on with these conversations at once. The message
/// in flight, or in doubt, ends by its own outcome first.
async fn end_what_waits(shared: &Shared, conversations: &[Uuid]) -> Result<bool, Error> {
    let waiting_sql = load::waiting();
    let tx = Tx::open(&shared.context.pool).await?;
    let steps = [
        tx.step(load::LOCK, vec![&conversations]).await?,
        tx.step(load::LANES, vec![&conversations]).await?,
        tx.step(&waiting_sql, vec![&conversations, &GROUP]).await?,
    ];
    let answers = tx.begin(&steps).await?;
    let mut lanes = LoadedLane::read_all(&answers[1])?;
    let (now, mut changes) = (Utc::now(), Changes::default());
    let (mut passed, mut ended) = (HashSet::new(), false);
    for row in &answers[2] {
        let mut message = Message::read(row)?;
        let Some(loaded) = lanes.get_mut(&message.conversation) else { continue };
        let in_flight = loaded.lane.attempt.is_some();
        if message.lane_position.is_some() && passed.insert(message.conversation) && in_flight {
            continue;
        }
        let attempt = (message.attempts > 0).then_some(message.attempts);
        let failure = failure("inbox_deleted", "The inbox was deleted", false);
        // Where nothing is in flight, each is the head when its turn comes.
        settle(&mut changes, loaded, &mut message, End::Failed { failure, attempt }, (!in_flight, now));
        changes.save_message(&message);
        ended = true;
    }
    changes.save_changed(lanes.values(), std::iter::empty());
    changes.commit(tx).await?;
    Ok(ended && answers[2].len() as i64 == GROUP)
}
