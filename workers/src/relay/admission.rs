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

#[cfg(test)]
mod tests {
    use common::testing::{TestDatabase, workspace};

    use super::*;

    #[tokio::test]
    async fn replies_go_before_bulk_and_a_slowed_sender_has_less_room() {
        let database = TestDatabase::create().await;
        let pool = database.pool();
        let workspace = workspace(pool, "http://127.0.0.1:1").await;
        let client = pool.get().await.unwrap();
        let ready = "UPDATE lanes SET state = 'ready', queued = 1, ready_at = now() - $3 * interval '1 second', bulk = $2
            WHERE conversation_id = $1";
        let mut lanes = Vec::new();
        // The longer a lane of bulk has waited, the later it still comes than a reply.
        for (place, (bulk, age)) in
            [(true, 60.0), (true, 50.0), (false, 2.0), (false, 1.0)].iter().enumerate()
        {
            let conversation = workspace.conversation(pool, &format!("1555000000{place}")).await;
            client.execute(ready, &[&conversation.0, bulk, age]).await.unwrap();
            lanes.push(conversation.0);
        }
        let order = work::ids(pool, work::READY, 10).await.unwrap();
        assert_eq!(order, [lanes[2], lanes[3], lanes[0], lanes[1]]);
        let slowed = "INSERT INTO sender_budgets (inbox_id, second, granted, percent, percent_until)
            VALUES ($1, 0, 0, 1, extract(epoch FROM now())::bigint + 60)";
        client.execute(slowed, &[&workspace.inbox.0]).await.unwrap();
        assert_eq!(work::ids(pool, work::READY, 10).await.unwrap(), [lanes[2]]);
    }
}
