//! One group of submissions: a transaction for each of its rounds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use common::db::pipeline::Changes;
use common::db::pipeline::contacts::{self, ADDRESS_KEY, Begun, Known, Links};
use common::db::pipeline::load::{Gate, LoadedLane};
use common::db::{Error, Tx};
use common::domain::ids::{ContactId, ConversationId};
use common::domain::lane::LaneState;
use common::metrics;
use common::outbox::Outbox;
use common::problem::Problem;
use common::queue::Route;
use deadpool_postgres::Pool;
use uuid::Uuid;

use super::admission::Admission;
use super::decide::{Decider, Outcome};
use super::load::load;
use super::round::{self, Item};
use super::{Beginning, Submission, Target};
use crate::auth::Sessions;

/// How often an address that somebody else has taken meanwhile is looked up again. Once is enough, unless it goes away again.
const TRIES: usize = 3;

pub(super) struct Writer {
    pool: Pool,
    outbox: Outbox,
    sessions: Sessions,
    admission: Admission,
    readmit: Duration,
}

impl Writer {
    pub(super) fn new(pool: Pool, outbox: Outbox, sessions: Sessions, readmit: Duration) -> Self {
        Self { pool, outbox, sessions, admission: Admission::new(), readmit }
    }

    /// Accepts a group; each submission gets its own answer.
    pub(super) async fn accept(&self, group: Vec<Submission>) -> Vec<Outcome> {
        let started = Instant::now();
        metrics::get().group_items.with_label_values(&["accept"]).observe(group.len() as f64);
        let mut outcomes: Vec<Option<Outcome>> = group.iter().map(|_| None).collect();
        for round in round::split(&group) {
            let items: Vec<Item<'_>> = round.places.iter().map(|place| Item::of(&group[*place])).collect();
            let answers =
                if round.begins { self.begin_round(&items).await } else { self.round(&items).await };
            for (place, answer) in round.places.into_iter().zip(answers) {
                outcomes[place] = Some(answer);
            }
        }
        metrics::get().group_seconds.with_label_values(&["accept"]).observe(started.elapsed().as_secs_f64());
        self.admission.tidy_now_and_then();
        let missing = || Err(Problem::internal(anyhow::anyhow!("a submission of a group was not answered")));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect()
    }

    /// One transaction; if it fails for a reason that may lie in one submission, each is tried by itself.
    async fn round(&self, items: &[Item<'_>]) -> Vec<Outcome> {
        match self.transact(items, Vec::new()).await {
            Ok(answers) => answers,
            Err(error) if items.len() == 1 || error.is_unavailable() => all_refused(items, &error),
            Err(error) => {
                tracing::warn!(%error, submissions = items.len(), "a group failed; trying each by itself");
                let mut answers = Vec::with_capacity(items.len());
                for item in items {
                    answers.extend(Box::pin(self.round(std::slice::from_ref(item))).await);
                }
                answers
            }
        }
    }

    /// Submissions whose conversation was not there when they were read: it is looked up again, and begun if it still is not.
    async fn begin_round(&self, items: &[Item<'_>]) -> Vec<Outcome> {
        let mut answers: Vec<Option<Outcome>> = items.iter().map(|_| None).collect();
        for _ in 0..TRIES {
            let open: Vec<usize> = (0..items.len()).filter(|place| answers[*place].is_none()).collect();
            let (mut there, mut missing, mut begun) = (Vec::new(), Vec::new(), Beginnings::default());
            let known = match self.look_up(items).await {
                Ok(known) => known,
                Err(error) => return all_refused(items, &error),
            };
            for place in open {
                let Target::Beginning(beginning) = &items[place].asked.target else { continue };
                let at = (beginning.inbox.0, beginning.address.clone());
                match known.get(&at) {
                    Some(known) => there.push((place, known.conversation)),
                    None => missing.push((place, begun.conversation(items[place].asked, beginning))),
                }
            }
            let item = |&(place, conversation): &(usize, Uuid)| Item { conversation, ..items[place] };
            let found: Vec<Item<'_>> = there.iter().map(item).collect();
            for ((place, _), answer) in there.iter().zip(self.round(&found).await) {
                answers[*place] = Some(answer);
            }
            let new: Vec<Item<'_>> = missing.iter().map(item).collect();
            if new.is_empty() {
                break;
            }
            match self.transact(&new, begun.list).await {
                Ok(decided) => {
                    missing.iter().zip(decided).for_each(|((place, _), it)| answers[*place] = Some(it));
                    break;
                }
                // The contact wrote first, or another request did; one of several is found out by itself, below.
                Err(error) if new.len() == 1 && error.constraint() == Some(ADDRESS_KEY) => (),
                Err(error) if new.len() == 1 || error.is_unavailable() => {
                    let refusals = all_refused(&new, &error);
                    missing.iter().zip(refusals).for_each(|((place, _), it)| answers[*place] = Some(it));
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, submissions = new.len(), "a group failed; trying each by itself");
                    for ((place, _), item) in missing.iter().zip(&new) {
                        answers[*place] = Box::pin(self.begin_round(std::slice::from_ref(item))).await.pop();
                    }
                    break;
                }
            }
        }
        let busy = || {
            Err(Problem::unavailable(
                "too_much_waiting",
                "The conversation is being begun by others; try again",
            ))
        };
        answers.into_iter().map(|answer| answer.unwrap_or_else(busy)).collect()
    }

    /// Where the addresses of these submissions lead by now.
    async fn look_up(&self, items: &[Item<'_>]) -> Result<HashMap<(Uuid, String), Known>, Error> {
        let (mut inboxes, mut addresses) = (Vec::new(), Vec::new());
        for item in items {
            if let Target::Beginning(beginning) = &item.asked.target {
                inboxes.push(beginning.inbox.0);
                addresses.push(beginning.address.as_str());
            }
        }
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(contacts::FIND).await?;
        client.query(&statement, &[&inboxes, &addresses]).await?.iter().map(Known::read).collect()
    }

    async fn transact(&self, items: &[Item<'_>], may_begin: Vec<Begun>) -> Result<Vec<Outcome>, Error> {
        let tx = Tx::open(&self.pool).await?;
        let mut loaded = load(&tx, items, &may_begin).await?;
        loaded.callers.sessions().for_each(|session| self.sessions.note_use(session));
        let mut decider = Decider::new(may_begin);
        let outcomes: Vec<Outcome> = items.iter().map(|item| decider.answer(item, &mut loaded)).collect();
        if !decider.wrote {
            tx.rollback().await?;
            return Ok(outcomes);
        }
        let Decider { mut changes, now, touched, begun, .. } = decider;
        let picked = contacts::begin(&tx, &begun, &links(&begun)).await?;
        changes.conversations_picked(&begun, &picked);
        touched.into_values().for_each(|touch| changes.touches.push(touch));
        for lane in loaded.lanes.values_mut().filter(|lane| lane.changed()) {
            self.admit(&mut changes, lane, now);
        }
        changes.save_changed(loaded.lanes.values(), loaded.messages.values());
        self.outbox.committed(changes.commit(tx).await?);
        for (item, outcome) in items.iter().zip(&outcomes) {
            if outcome.as_ref().is_ok_and(|answer| !answer.replayed && answer.status == 202)
                && let Some(lane) = loaded.lanes.get(&item.conversation)
            {
                metrics::get().messages_accepted.with_label_values(&[lane.channel.as_str()]).inc();
            }
        }
        Ok(outcomes)
    }

    /// Sends a lane that had been idle straight to the broker if its sender has budget.
    fn admit(&self, changes: &mut Changes, loaded: &mut LoadedLane, now: DateTime<Utc>) {
        let lane = &mut loaded.lane;
        if lane.state == LaneState::Ready
            && lane.ready_at == Some(now)
            && loaded.gate == Gate::Open
            && self.admission.admits(lane.inbox, loaded.pace)
        {
            lane.admit(now, self.readmit);
            let route = Route::OutboundFirst(loaded.channel);
            changes.point_at(self.outbox.part(), route, lane.conversation, lane.inbox);
        }
    }
}

/// Conversations that begin in one transaction: one for each address.
#[derive(Default)]
struct Beginnings {
    list: Vec<Begun>,
}

impl Beginnings {
    /// The conversation that begins with this address.
    fn conversation(&mut self, asked: &Submission, beginning: &Beginning) -> Uuid {
        let same = |begun: &&Begun| begun.inbox == beginning.inbox.0 && begun.address == beginning.address;
        if let Some(begun) = self.list.iter().find(same) {
            return begun.conversation;
        }
        let (contact, name) = beginning.contact.clone().unwrap_or_else(|| (ContactId::new(), None));
        let conversation = ConversationId::new().0;
        self.list.push(Begun {
            organization: asked.asker.organization().0,
            inbox: beginning.inbox.0,
            channel: beginning.channel,
            conversation,
            contact: contact.0,
            address: beginning.address.clone(),
            name,
        });
        conversation
    }
}

fn links(begun: &[Begun]) -> Links {
    let mut links = Links::default();
    for begun in begun {
        let leads_to = Known { contact: begun.contact, conversation: begun.conversation };
        links.push(begun.organization, begun.inbox, &begun.address, leads_to);
    }
    links
}

fn all_refused(items: &[Item<'_>], error: &Error) -> Vec<Outcome> {
    tracing::warn!(%error, submissions = items.len(), "a group was not accepted");
    let cause = Arc::new(error.to_string());
    items.iter().map(|_| Err(refused(error.is_unavailable(), &cause))).collect()
}

fn refused(unavailable: bool, detail: &str) -> Problem {
    let cause = anyhow::anyhow!(detail.to_owned());
    if unavailable {
        let problem =
            Problem::unavailable("database_unavailable", "The database cannot be reached right now");
        return Problem { cause: Some(cause), ..problem };
    }
    Problem::internal(cause)
}
