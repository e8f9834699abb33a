//! Forgets contacts that were marked as erased: ends what waits, awaits what is in flight, then deletes, bit by bit.

use std::collections::HashSet;

use chrono::Utc;
use common::db::contacts::erasure::{self, Erasure, Pass};
use common::db::pipeline::Changes;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::{Error, Tx};
use common::delivery::settle_erased;
use common::domain::lane::{Lane, LaneState};
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

/// Messages that a step ends.
const GROUP: i64 = 300;

/// The contact reached: one whose message is in flight does not hold up others.
#[derive(Default)]
pub(super) struct State {
    after: Uuid,
}

impl Step for State {
    /// A step for one contact at each stage; says whether more is to be done at once.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let mut client = shared.context.pool.get().await?;
        let mut more = match erasure::next_queued(&client, self.after).await? {
            Some(erasure) => {
                self.after = erasure.contact;
                end_what_waits(shared, &erasure).await?;
                true
            }
            None => {
                self.after = Uuid::nil();
                false
            }
        };
        let tx = client.transaction().await?;
        more |= erasure::delete_rows(&tx).await?;
        tx.commit().await?;
        for pass in [Pass::ChannelEvents, Pass::Events] {
            let tx = client.transaction().await?;
            more |= erasure::go_through(&tx, pass).await?;
            tx.commit().await?;
        }
        Ok(more)
    }
}

/// Ends messages in line and outside of it. The one in flight, or in doubt, ends by its own outcome first.
async fn end_what_waits(shared: &Shared, erasure: &Erasure) -> Result<(), Error> {
    let waiting_sql = load::waiting();
    let tx = Tx::open(&shared.context.pool).await?;
    let steps = [
        tx.step(load::LOCK, vec![&erasure.conversations]).await?,
        tx.step(load::LANES, vec![&erasure.conversations]).await?,
        tx.step(&waiting_sql, vec![&erasure.conversations, &GROUP]).await?,
    ];
    let answers = tx.begin(&steps).await?;
    let mut lanes = LoadedLane::read_all(&answers[1])?;
    let (now, mut changes) = (Utc::now(), Changes::default());
    let mut passed = HashSet::new();
    for row in &answers[2] {
        let mut message = Message::read(row)?;
        let Some(loaded) = lanes.get_mut(&message.conversation) else { continue };
        let in_flight = loaded.lane.attempt.is_some();
        if message.lane_position.is_some() && passed.insert(message.conversation) && in_flight {
            continue;
        }
        // Where nothing is in flight, each is the head when its turn comes.
        settle_erased(&mut changes, loaded, &mut message, (!in_flight, now));
        changes.save_message(&message);
    }
    let at_rest = |lane: &Lane| lane.state == LaneState::Idle && lane.held == 0 && lane.scheduled == 0;
    let at_rest = lanes.values().all(|loaded| at_rest(&loaded.lane));
    changes.save_changed(lanes.values(), std::iter::empty());
    changes.commit(tx).await?;
    if at_rest {
        let client = shared.context.pool.get().await?;
        erasure::queue_is_empty(&client, erasure.contact).await?;
    }
    Ok(())
}
