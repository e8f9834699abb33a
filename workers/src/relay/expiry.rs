//! Messages that expired while they waited: behind a closed gate, behind others, or for a retry.

use chrono::Utc;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::pipeline::{Changes, work};
use common::db::{Error, Tx};
use common::delivery::{End, failure, settle};
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

const GROUP: i64 = 300;

/// Nothing to remember.
#[derive(Default)]
pub(super) struct State;

impl Step for State {
    /// Ends one group; says whether more may have expired.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let client = shared.context.pool.get().await?;
        let rows = client.query(work::EXPIRED, &[&GROUP]).await?;
        drop(client);
        let (messages, lanes): (Vec<Uuid>, Vec<Uuid>) =
            rows.iter().map(|row| (row.get::<_, Uuid>(0), row.get::<_, Uuid>(1))).unzip();
        if messages.is_empty() {
            return Ok(false);
        }
        let (heads_sql, messages_sql) = (load::heads(), load::messages());
        let tx = Tx::open(&shared.context.pool).await?;
        let steps = [
            tx.step(load::LOCK, vec![&lanes]).await?,
            tx.step(load::LANES, vec![&lanes]).await?,
            tx.step(&heads_sql, vec![&lanes]).await?,
            tx.step(&messages_sql, vec![&messages]).await?,
        ];
        let answers = tx.begin(&steps).await?;
        let mut lanes = LoadedLane::read_all(&answers[1])?;
        let heads: Vec<Uuid> = answers[2].iter().map(|row| row.get(0)).collect();
        let (now, mut changes, mut ended) = (Utc::now(), Changes::default(), 0);
        for row in &answers[3] {
            let mut message = Message::read(row)?;
            let Some(loaded) = lanes.get_mut(&message.conversation) else { continue };
            let is_head = heads.contains(&message.id);
            // In flight or in doubt: its outcome decides. Settled meanwhile: nothing is left to do.
            let in_flight = is_head && loaded.lane.attempt.is_some();
            if in_flight || message.lane_position.is_none() || message.expires_at.is_none_or(|end| end > now)
            {
                continue;
            }
            let attempt = (message.attempts > 0).then_some(message.attempts);
            let end = End::Failed {
                failure: failure("expired", "The message was not sent in time", true),
                attempt,
            };
            settle(&mut changes, loaded, &mut message, end, (is_head, now));
            changes.save_message(&message);
            ended += 1;
        }
        lanes.values().for_each(|loaded| changes.save_lane(&loaded.lane));
        changes.commit(tx).await?;
        Ok(ended == GROUP)
    }
}
