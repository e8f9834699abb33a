//! Admits ready lanes to the broker: as their senders' budgets allow, organizations in turn, replies before bulk.

use chrono::Utc;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::pipeline::{Changes, work};
use common::db::{Error, Tx};
use common::domain::lane::LaneState;
use common::queue::Route;
use std::collections::HashMap;
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

/// Most lanes admitted at once; bounds what a crash leaves to be admitted again.
const GROUP: i64 = 500;

/// Nothing to remember.
#[derive(Default)]
pub(super) struct State;

impl Step for State {
    /// Admits one group; says whether more may be waiting.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        // While the broker is away, lanes wait in PostgreSQL rather than in the outbox.
        if !shared.publisher.connected() {
            return Ok(false);
        }
        let mut ids = work::ids(&shared.context.pool, work::READY, GROUP).await?;
        if ids.is_empty() {
            return Ok(false);
        }
        let more = ids.len() == GROUP as usize;
        let turns: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(turn, id)| (*id, turn)).collect();
        let heads_sql = load::heads();
        let tx = Tx::open(&shared.context.pool).await?;
        ids.sort_unstable();
        let steps = [
            tx.step(load::LOCK, vec![&ids]).await?,
            tx.step(load::LANES, vec![&ids]).await?,
            tx.step(&heads_sql, vec![&ids]).await?,
        ];
        let answers = tx.begin(&steps).await?;
        let mut heads = HashMap::new();
        for row in &answers[2] {
            let message = Message::read(row)?;
            heads.insert(message.conversation, message.attempts > 0);
        }
        let mut lanes: Vec<LoadedLane> = answers[1].iter().map(LoadedLane::read).collect::<Result<_, _>>()?;
        lanes.sort_by_key(|loaded| turns.get(&loaded.lane.conversation).copied());
        let (now, mut changes) = (Utc::now(), Changes::default());
        for loaded in &mut lanes {
            // Another process may have admitted it meanwhile.
            if loaded.lane.state != LaneState::Ready {
                continue;
            }
            loaded.lane.admit(now, shared.context.config.timings.readmit);
            changes.save_lane(&loaded.lane);
            let tried = heads.get(&loaded.lane.conversation).copied().unwrap_or(false);
            let route = if tried {
                Route::OutboundRetry(loaded.channel)
            } else {
                Route::OutboundFirst(loaded.channel)
            };
            changes.point_at(shared.outbox.part(), route, loaded.lane.conversation, loaded.lane.inbox);
        }
        shared.outbox.committed(changes.commit(tx).await?);
        Ok(more)
    }
}
