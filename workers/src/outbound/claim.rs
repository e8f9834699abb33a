//! Claiming lanes: one transaction for a group, committed before any provider is called.

use std::collections::HashMap;
use std::time::Instant;

use chrono::{DateTime, Utc};
use common::channels::Channel;
use common::channels::rcs::fallback::in_a_text;
use common::config::Timings;
use common::db::pipeline::Changes;
use common::db::pipeline::load::{self, Gate, LoadedLane, Message};
use common::db::pipeline::rows::NewAttempt;
use common::db::{Error, Tx};
use common::delivery::{End, Leave, failure, replace, set_aside, settle, settle_erased, window_closed};
use common::domain::contact::Standing;
use common::domain::content::Content;
use common::domain::ids::OrganizationId;
use common::domain::lane::LaneState;
use common::domain::message::Failure;
use common::domain::postponed::Postponed;
use common::metrics;
use common::queue::LanePointer;
use deadpool_postgres::Pool;
use serde_json::json;
use tokio_postgres::Row;
use uuid::Uuid;

use super::handed::{Hands, Held};
use super::ways::{Passage, Turn, Way, find_ways};
use crate::process::Context;

/// What a lane wants of the worker that received its pointer.
pub(super) enum Claim {
    /// This message is to be sent now; the lane is claimed.
    Work(Box<Work>),
    /// Nothing: another worker has it, or it waits for something else.
    Nothing,
    /// Its turn at this inbox, which it goes through in place of its own. It is as it was.
    Turn(Uuid),
}

/// A lane to claim, and the turn that it has got.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub lane: LanePointer,
    pub turn: Option<Turn>,
}

/// A claimed message.
#[derive(Debug)]
pub(super) struct Work {
    _held: Held,
    pub organization: OrganizationId,
    pub lane: Uuid,
    /// The inbox that it goes through, and its channel: the conversation's, or the fallback's.
    pub inbox: Uuid,
    pub channel: Channel,
    /// The inbox for texts that it goes through next, if the channel does not reach the contact.
    pub fallback: Option<Uuid>,
    pub message: Uuid,
    pub attempt: Uuid,
    /// What the provider is to know the attempt by.
    pub correlation: Uuid,
    pub number: i32,
    pub lease: i64,
    pub to: String,
    pub content: Content,
    pub reply_to: Option<String>,
    /// From when on only a person's answer passes.
    pub human_agent_from: Option<DateTime<Utc>>,
    pub trace: Uuid,
}

pub(super) struct Claimer {
    pool: Pool,
    timings: Timings,
    worker: String,
    hands: Hands,
}

/// Attempts that were begun here, as far as the table knows.
const BEGUN: &str =
    "SELECT id, message_id, number FROM attempts WHERE id = ANY($1) AND worker = $2 AND state = 'sending'";

/// An attempt that was begun here.
struct Begun {
    message: Uuid,
    number: i32,
}

/// A lane's head with the provider's id of what it quotes, or is a reaction to.
pub(super) struct Head {
    pub message: Message,
    reply_to: Option<String>,
    pub way: Way,
}

impl Claimer {
    pub(super) fn new(context: &Context) -> Self {
        let worker = format!("outbound-{}", context.holder.simple());
        Self { pool: context.pool.clone(), timings: context.config.timings, worker, hands: Hands::default() }
    }

    /// Claims a group; the answers stand in its order.
    pub(super) async fn claim(&self, lanes: Vec<Wanted>) -> Vec<Result<Claim, String>> {
        let started = Instant::now();
        metrics::get().group_items.with_label_values(&["claim"]).observe(lanes.len() as f64);
        let claimed = self.transact(&lanes).await;
        metrics::get().group_seconds.with_label_values(&["claim"]).observe(started.elapsed().as_secs_f64());
        match claimed {
            // A lane that two pointers of a group name is handed to the first.
            Ok(mut claims) => {
                lanes.iter().map(|it| Ok(claims.remove(&it.lane.lane).unwrap_or(Claim::Nothing))).collect()
            }
            Err(error) => lanes.iter().map(|_| Err(error.to_string())).collect(),
        }
    }

    async fn transact(&self, wanted: &[Wanted]) -> Result<HashMap<Uuid, Claim>, Error> {
        let ids: Vec<Uuid> = wanted.iter().map(|it| it.lane.lane).collect();
        let turns: HashMap<Uuid, Turn> =
            wanted.iter().filter_map(|it| it.turn.map(|turn| (it.lane.lane, turn))).collect();
        let heads = load::heads();
        let tx = Tx::open(&self.pool).await?;
        let steps = [
            tx.step(load::LOCK, vec![&ids]).await?,
            tx.step(load::LANES, vec![&ids]).await?,
            tx.step(&heads, vec![&ids]).await?,
        ];
        let answers = tx.begin(&steps).await?;
        let mut heads: HashMap<Uuid, Head> = HashMap::new();
        for row in &answers[2] {
            let (message, reply_to) = (Message::read(row)?, row.try_get(load::MESSAGE_COLUMNS)?);
            let head = Head { message, reply_to, way: Way::default() };
            heads.insert(head.message.conversation, head);
        }
        find_targets(&tx, &mut heads).await?;
        let (mut changes, mut works, mut touched) = (Changes::default(), HashMap::new(), false);
        let lanes = LoadedLane::read_all(&answers[1])?;
        let begun = self.begun(&tx, &lanes).await?;
        find_ways(&tx, &lanes, &mut heads).await?;
        for (id, mut loaded) in lanes {
            let now = Utc::now();
            if let Some(attempt) = loaded.lane.attempt.and_then(|attempt| begun.get(&attempt)) {
                let taken_up =
                    heads.remove(&id).and_then(|head| self.take_up(&mut loaded, head, attempt, now));
                works.extend(taken_up.map(|work| (id, Claim::Work(Box::new(work)))));
                touched |= loaded.changed();
                changes.save_changed(std::iter::once(&loaded), std::iter::empty());
                continue;
            }
            if loaded.lane.state != LaneState::Admitted {
                continue;
            }
            touched = true;
            match heads.remove(&id) {
                Some(head) => {
                    let turn = turns.get(&id).copied();
                    works.extend(
                        self.decide(&mut changes, &mut loaded, (head, turn), now).map(|claim| (id, claim)),
                    );
                }
                // Everything queued has ended in another way.
                None => loaded.lane.settle(true, now),
            }
            changes.save_lane(&loaded.lane);
        }
        if touched {
            changes.commit(tx).await?;
        } else {
            tx.rollback().await?;
        }
        Ok(works)
    }

    /// Attempts of claimed lanes that were begun here and are in nobody's hands: the claim was committed and not answered.
    async fn begun(&self, tx: &Tx, lanes: &HashMap<Uuid, LoadedLane>) -> Result<HashMap<Uuid, Begun>, Error> {
        let claimed = lanes.values().filter(|loaded| loaded.lane.state == LaneState::Claimed);
        let attempts = claimed.filter_map(|loaded| loaded.lane.attempt);
        let attempts: Vec<Uuid> = attempts.filter(|attempt| !self.hands.hold(*attempt)).collect();
        if attempts.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = tx.run(&[tx.step(BEGUN, vec![&attempts, &self.worker]).await?]).await?;
        let read = |row: &Row| (row.get(0), Begun { message: row.get(1), number: row.get(2) });
        Ok(rows.iter().flatten().map(read).collect())
    }

    /// Takes up such an attempt, with the lease begun anew.
    fn take_up(
        &self,
        loaded: &mut LoadedLane,
        head: Head,
        begun: &Begun,
        now: DateTime<Utc>,
    ) -> Option<Work> {
        let attempt = loaded.lane.attempt.filter(|_| head.message.id == begun.message)?;
        let held = self.hands.take(attempt)?;
        loaded.lane.due_at = Some(now + self.timings.lease);
        Some(work(loaded, head, held, (attempt, begun.number)))
    }

    /// Claims the head, unless it must wait or has ended.
    fn decide(
        &self,
        changes: &mut Changes,
        loaded: &mut LoadedLane,
        (head, turn): (Head, Option<Turn>),
        now: DateTime<Utc>,
    ) -> Option<Claim> {
        let leave = Leave::decide(loaded, &head.message.content, &head.message.closed_window, now);
        let hopeless = hopeless(loaded, &head, &leave, now);
        let mut message = head.message;
        if loaded.standing == Standing::Erased {
            settle_erased(changes, loaded, &mut message, (true, now));
            changes.save_message(&message);
            return None;
        }
        if let Some(failure) = hopeless {
            let attempt = (message.attempts > 0).then_some(message.attempts);
            settle(changes, loaded, &mut message, End::Failed { failure, attempt }, (true, now));
            changes.save_message(&message);
            return None;
        }
        if leave == Leave::Held {
            set_aside(changes, loaded, &mut message, Postponed::Held, now);
            changes.save_message(&message);
            return None;
        }
        if loaded.gate == Gate::Closed {
            loaded.lane.make_ready(now);
            return None;
        }
        match head.way.passage(turn, now) {
            Passage::Free => (),
            Passage::Paced(inbox) => return Some(Claim::Turn(inbox)),
            Passage::Blocked(due) => {
                // At its end the message is looked at once more, and expires.
                loaded.lane.wait(message.expires_at.map_or(due, |end| due.min(end)));
                return None;
            }
        }
        let paced = loaded.channel.pair_pace().map_or(Ok(()), |pace| loaded.lane.take_pair_budget(now, pace));
        if let Err(due) = paced {
            changes.happened(message.id, "paced", None, Some(json!({ "until": due })));
            loaded.lane.wait(due);
            return None;
        }
        if let Leave::Replaced(content) = leave {
            replace(changes, &mut message, *content);
            changes.save_message(&message);
        }
        let work = self.begin(changes, loaded, Head { message, ..head }, now)?;
        Some(Claim::Work(Box::new(work)))
    }

    /// Begins an attempt.
    fn begin(
        &self,
        changes: &mut Changes,
        loaded: &mut LoadedLane,
        mut head: Head,
        now: DateTime<Utc>,
    ) -> Option<Work> {
        let message = &mut head.message;
        message.attempts += 1;
        let attempt = Uuid::now_v7();
        let held = self.hands.take(attempt)?;
        let lease = loaded.lane.claim(now, self.timings.lease, attempt);
        changes.attempts.push(NewAttempt {
            id: attempt,
            organization_id: message.organization,
            conversation_id: message.conversation,
            message_id: message.id,
            generation: message.generation,
            number: message.attempts,
            lease,
            worker: self.worker.clone(),
            inbox_id: head.way.around(),
        });
        changes.happened(message.id, "sending", Some(message.attempts), None);
        let number = message.attempts;
        Some(work(loaded, head, held, (attempt, number)))
    }
}

fn work(loaded: &LoadedLane, head: Head, held: Held, (attempt, number): (Uuid, i32)) -> Work {
    let Head { message, reply_to, way } = head;
    // Only what can be texted goes around: it was looked at when the channel's answer was recorded.
    let texted = way.around().and_then(|_| in_a_text(&message.content));
    Work {
        _held: held,
        organization: OrganizationId(message.organization),
        lane: message.conversation,
        inbox: way.around().unwrap_or(loaded.lane.inbox),
        channel: way.around().map_or(loaded.channel, |_| Channel::Text),
        fallback: way.fallback.filter(|_| !way.not_reached),
        message: message.id,
        attempt,
        correlation: way.first.filter(|_| way.around().is_none()).unwrap_or(attempt),
        number,
        lease: loaded.lane.lease,
        to: loaded.address.clone(),
        content: texted.unwrap_or(message.content),
        reply_to,
        human_agent_from: loaded.window_expires_at.and_then(|end| loaded.channel.human_agent_from(end)),
        trace: message.trace,
    }
}

/// Finds the provider's ids of the messages that reactions are put on. Only now: what was still in line before the
/// reaction when that was accepted has been sent meanwhile, or has ended.
async fn find_targets(tx: &Tx, heads: &mut HashMap<Uuid, Head>) -> Result<(), Error> {
    let targets: Vec<Uuid> = heads.values().filter_map(|head| target(&head.message)).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let rows = tx.run(&[tx.step(load::PROVIDER_IDS, vec![&targets]).await?]).await?;
    let found = rows.iter().flatten().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let found = found.collect::<Result<HashMap<Uuid, Option<String>>, Error>>()?;
    for head in heads.values_mut() {
        if let Some(target) = target(&head.message) {
            head.reply_to = found.get(&target).cloned().flatten();
        }
    }
    Ok(())
}

/// The message that a reaction is put on.
fn target(message: &Message) -> Option<Uuid> {
    match &message.content {
        Content::Reaction(reaction) => reaction.message_id.map(|id| id.0),
        _ => None,
    }
}

/// Why a message can never be sent any more.
fn hopeless(loaded: &LoadedLane, head: &Head, leave: &Leave, now: DateTime<Utc>) -> Option<Failure> {
    let message = &head.message;
    if message.expires_at.is_some_and(|end| end <= now) {
        return Some(failure("expired", "The message was not sent in time", true));
    }
    if loaded.inbox_deleted {
        return Some(failure("inbox_deleted", "The inbox was deleted", false));
    }
    if let Some((code, title)) = loaded.standing.refusal() {
        return Some(failure(code, title, true));
    }
    if *leave == Leave::Refused {
        return Some(window_closed());
    }
    if target(message).is_some() && head.reply_to.is_none() {
        let title = "The channel has not got the message that the reaction is put on";
        return Some(failure("reaction_target_not_sent", title, true));
    }
    None
}
