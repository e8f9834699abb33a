//! Messages outside their lane whose time has come: scheduled ones get in line, held ones for whom nobody wrote are given up.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::pipeline::touches::Touch;
use common::db::pipeline::{Changes, work};
use common::db::{Error, Tx};
use common::delivery::{
    End, Leave, failure, release, replace, set_aside, settle, settle_erased, window_closed,
};
use common::domain::contact::Standing;
use common::domain::message::Failure;
use common::domain::postponed::Postponed;
use uuid::Uuid;

use super::Shared;
use super::duty::Step;

const GROUP: i64 = 300;

/// Nothing to remember.
#[derive(Default)]
pub(super) struct State;

/// What a group decides.
struct Due {
    changes: Changes,
    touches: HashMap<Uuid, Touch>,
    now: DateTime<Utc>,
}

impl Step for State {
    /// Works off one group, in the order in which its messages are due; says whether more may be.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let client = shared.context.pool.get().await?;
        let statement = client.prepare_cached(work::POSTPONED).await?;
        let rows = client.query(&statement, &[&GROUP]).await?;
        drop(client);
        let (messages, lanes): (Vec<Uuid>, Vec<Uuid>) =
            rows.iter().map(|row| (row.get::<_, Uuid>(0), row.get::<_, Uuid>(1))).unzip();
        if messages.is_empty() {
            return Ok(false);
        }
        let load_messages = load::messages();
        let tx = Tx::open(&shared.context.pool).await?;
        let steps = [
            tx.step(load::LOCK, vec![&lanes]).await?,
            tx.step(load::LANES, vec![&lanes]).await?,
            tx.step(&load_messages, vec![&messages]).await?,
            tx.step(work::STILL_POSTPONED, vec![&messages]).await?,
        ];
        let answers = tx.begin(&steps).await?;
        let mut lanes = LoadedLane::read_all(&answers[1])?;
        let mut loaded: HashMap<Uuid, Message> =
            answers[2].iter().map(|row| Message::read(row).map(|m| (m.id, m))).collect::<Result<_, _>>()?;
        let mut due = Due { changes: Changes::default(), touches: HashMap::new(), now: Utc::now() };
        let still: HashSet<Uuid> = answers[3].iter().map(|row| row.get(0)).collect();
        for id in messages.iter().filter(|id| still.contains(id)) {
            let Some(message) = loaded.get_mut(id) else { continue };
            if let Some(lane) = lanes.get_mut(&message.conversation) {
                due.decide(lane, message);
            }
        }
        let Due { mut changes, touches, .. } = due;
        touches.into_values().for_each(|touch| changes.touches.push(touch));
        changes.save_changed(lanes.values(), loaded.values());
        changes.commit(tx).await?;
        Ok(messages.len() == GROUP as usize)
    }
}

impl Due {
    fn decide(&mut self, lane: &mut LoadedLane, message: &mut Message) {
        let expired = message.expires_at.is_some_and(|end| end <= self.now);
        match message.postponed {
            // It has ended or been released: the row is a leftover.
            None => self.changes.resume(message),
            Some(_) if lane.standing == Standing::Erased => {
                settle_erased(&mut self.changes, lane, message, (false, self.now));
            }
            Some(Postponed::Scheduled) if !expired => self.leave(lane, message),
            Some(Postponed::Scheduled | Postponed::Held) => self.fail(lane, message, expired_failure()),
        }
    }

    /// The time of a scheduled message has come; the reply window is looked at as it is now.
    fn leave(&mut self, lane: &mut LoadedLane, message: &mut Message) {
        match Leave::decide(lane, &message.content, &message.closed_window, self.now) {
            Leave::Refused => return self.fail(lane, message, window_closed()),
            Leave::Held => {
                return set_aside(&mut self.changes, lane, message, Postponed::Held, self.now);
            }
            Leave::Replaced(content) => replace(&mut self.changes, message, *content),
            Leave::Now => (),
        }
        release(&mut self.changes, lane, message, self.now);
        self.changes.brings_back(lane);
        self.touches.insert(message.conversation, Touch::by(message));
    }

    fn fail(&mut self, lane: &mut LoadedLane, message: &mut Message, failure: Failure) {
        let attempt = (message.attempts > 0).then_some(message.attempts);
        settle(&mut self.changes, lane, message, End::Failed { failure, attempt }, (false, self.now));
    }
}

fn expired_failure() -> Failure {
    failure("expired", "The message was not sent in time", true)
}
