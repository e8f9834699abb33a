//! One group of replies, one transaction.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use common::channels;
use common::db::pipeline::load::{self, Gate, LoadedLane};
use common::db::pipeline::rows::{AnswerRow, AuditRow, NewMessage, Touch};
use common::db::pipeline::{Changes, load::Message};
use common::db::{Error, Tx};
use common::domain::lane::LaneState;
use common::domain::message::Status;
use common::domain::view::{Direction, SenderType};
use common::metrics;
use common::outbox::Outbox;
use common::problem::{MessagingWindow, Problem};
use common::queue::Route;
use deadpool_postgres::Pool;
use http::StatusCode;
use uuid::Uuid;

use super::admission::Admission;
use super::answer::{Answers, Keys, ROUTE};
use super::referred::{Referred, check_referred, refers_to};
use super::{Answer, Reply};

/// Most messages that may wait in one conversation.
const MOST_QUEUED: i32 = 10_000;
/// How long a message is tried by default.
const EXPIRES: TimeDelta = TimeDelta::hours(24);

pub(super) struct Writer {
    pool: Pool,
    outbox: Outbox,
    admission: Admission,
    readmit: Duration,
}

/// What a group works with: the locked lanes, earlier answers, and the messages that replies refer to.
struct Loaded {
    lanes: HashMap<Uuid, LoadedLane>,
    answers: Answers,
    referred: HashMap<Uuid, Referred>,
}

type Outcome = Result<Answer, Problem>;

impl Writer {
    pub(super) fn new(pool: Pool, outbox: Outbox, readmit: Duration) -> Self {
        Self { pool, outbox, admission: Admission::new(), readmit }
    }

    /// Accepts a group; each reply gets its own answer.
    pub(super) async fn accept(&self, replies: Vec<Reply>) -> Vec<Outcome> {
        let started = Instant::now();
        metrics::get().group_items.with_label_values(&["accept"]).observe(replies.len() as f64);
        let mut outcomes: Vec<Option<Outcome>> = replies.iter().map(|_| None).collect();
        // Requests that repeat a key of the same group wait for the first one's answer.
        for round in rounds(&replies) {
            let group: Vec<&Reply> = round.iter().map(|index| &replies[*index]).collect();
            let answers = self.accept_round(&group).await;
            for (index, answer) in round.into_iter().zip(answers) {
                outcomes[index] = Some(answer);
            }
        }
        metrics::get().group_seconds.with_label_values(&["accept"]).observe(started.elapsed().as_secs_f64());
        self.admission.tidy_now_and_then();
        let missing = || Err(Problem::internal(anyhow::anyhow!("a reply of a group was not answered")));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect()
    }

    /// One transaction; if it fails for a reason that may lie in one reply, each is tried by itself.
    async fn accept_round(&self, replies: &[&Reply]) -> Vec<Outcome> {
        match self.transact(replies).await {
            Ok(answers) => answers,
            Err(error) if replies.len() == 1 || error.is_unavailable() => {
                tracing::warn!(%error, replies = replies.len(), "a group of replies was not accepted");
                let detail = error.to_string();
                let again = |_: &&Reply| Err(refused(error.is_unavailable(), &detail));
                replies.iter().map(again).collect()
            }
            Err(error) => {
                tracing::warn!(%error, replies = replies.len(), "a group of replies failed; trying each by itself");
                let mut answers = Vec::with_capacity(replies.len());
                for reply in replies {
                    answers.extend(Box::pin(self.accept_round(&[reply])).await);
                }
                answers
            }
        }
    }

    async fn transact(&self, replies: &[&Reply]) -> Result<Vec<Outcome>, Error> {
        let tx = Tx::open(&self.pool).await?;
        let mut loaded = load_group(&tx, replies).await?;
        let mut changes = Changes::default();
        let mut decided = Decider { changes: &mut changes, now: Utc::now(), touched: HashMap::new() };
        let outcomes: Vec<Outcome> = replies.iter().map(|reply| decided.answer(reply, &mut loaded)).collect();
        let (touched, now) = (decided.touched, decided.now);
        if touched.is_empty() && changes.answers.is_empty() {
            tx.rollback().await?;
            return Ok(outcomes);
        }
        for (conversation, touch) in touched {
            changes.touches.push(touch);
            if let Some(lane) = loaded.lanes.get_mut(&conversation) {
                self.admit(&mut changes, lane, now);
                changes.save_lane(&lane.lane);
            }
        }
        self.outbox.committed(changes.commit(tx).await?);
        for (reply, outcome) in replies.iter().zip(&outcomes) {
            if outcome.as_ref().is_ok_and(|answer| !answer.replayed && answer.status == 202)
                && let Some(lane) = loaded.lanes.get(&reply.conversation.0)
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

fn refused(unavailable: bool, detail: &str) -> Problem {
    let cause = anyhow::anyhow!(detail.to_owned());
    if unavailable {
        let problem =
            Problem::unavailable("database_unavailable", "The database cannot be reached right now");
        return Problem { cause: Some(cause), ..problem };
    }
    Problem::internal(cause)
}

/// The idempotency keys of a round, and the places of its replies.
type Round<'a> = (HashSet<(Uuid, &'a str)>, Vec<usize>);

/// Splits a group so that no idempotency key stands twice in a round.
fn rounds(replies: &[Reply]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Round<'_>> = Vec::new();
    for (index, reply) in replies.iter().enumerate() {
        let key = reply.idempotency.as_ref().map(|(key, _)| (reply.principal.key.0, key.as_str()));
        let place = match key {
            Some(key) => rounds.iter().position(|(keys, _)| !keys.contains(&key)),
            None => (!rounds.is_empty()).then_some(0),
        };
        let place = place.unwrap_or_else(|| {
            rounds.push(Default::default());
            rounds.len() - 1
        });
        rounds[place].0.extend(key);
        rounds[place].1.push(index);
    }
    rounds.into_iter().map(|(_, indexes)| indexes).collect()
}

const REFERRED: &str =
    "SELECT id, conversation_id, content ->> 'type' = 'reaction' FROM messages WHERE id = ANY($1)";

async fn load_group(tx: &Tx, replies: &[&Reply]) -> Result<Loaded, Error> {
    let conversations: Vec<Uuid> = replies.iter().map(|reply| reply.conversation.0).collect();
    let referred: Vec<Uuid> = replies.iter().filter_map(|reply| refers_to(reply)).collect();
    let keys = Keys::of(replies);
    let mut steps = vec![
        tx.step(load::LOCK, vec![&conversations]).await?,
        tx.step(load::LANES, vec![&conversations]).await?,
    ];
    // After the lock, so that the answer of whoever held it is seen.
    if !keys.is_empty() {
        steps.push(keys.step(tx).await?);
    }
    if !referred.is_empty() {
        steps.push(tx.step(REFERRED, vec![&referred]).await?);
    }
    let mut answers = tx.begin(&steps).await?.into_iter().skip(1);
    let lanes = LoadedLane::read_all(&answers.next().unwrap_or_default())?;
    let rows = if keys.is_empty() { Vec::new() } else { answers.next().unwrap_or_default() };
    let referred = answers.next().unwrap_or_default();
    let referred = referred.iter().map(|row| {
        let referred = Referred { conversation: row.try_get(1)?, is_reaction: row.try_get(2)? };
        Ok((row.try_get(0)?, referred))
    });
    let referred = referred.collect::<Result<_, Error>>()?;
    Ok(Loaded { lanes, answers: Answers::read(&rows)?, referred })
}

struct Decider<'a> {
    changes: &'a mut Changes,
    now: DateTime<Utc>,
    touched: HashMap<Uuid, Touch>,
}

impl Decider<'_> {
    /// Decides on one reply; a final refusal of a request with an idempotency key is kept like an acceptance.
    fn answer(&mut self, reply: &Reply, loaded: &mut Loaded) -> Outcome {
        if let Some(answer) = loaded.answers.find(reply)? {
            return Ok(answer);
        }
        let decided = self.decide(reply, loaded);
        if let Err(problem) = &decided
            && matches!(problem.status, StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY)
        {
            let body = serde_json::to_vec(&problem.body(None, None)).map_err(Problem::internal)?;
            self.keep(reply, problem.status, body, None);
        }
        decided
    }

    fn keep(&mut self, reply: &Reply, status: StatusCode, body: Vec<u8>, location: Option<String>) {
        if let Some((key, hash)) = &reply.idempotency {
            self.changes.answers.push(AnswerRow {
                credential_id: reply.principal.key.0,
                route: ROUTE,
                key: key.clone(),
                request_hash: hash.to_vec(),
                status: i16::try_from(status.as_u16()).unwrap_or(i16::MAX),
                body,
                location,
            });
        }
    }

    /// Decides on one reply and notes what accepting it writes.
    fn decide(&mut self, reply: &Reply, loaded: &mut Loaded) -> Outcome {
        let lane = loaded
            .lanes
            .get_mut(&reply.conversation.0)
            .filter(|loaded| loaded.lane.organization == reply.principal.organization.0)
            .ok_or_else(|| Problem::not_found("conversation"))?;
        check_referred(reply, &loaded.referred)?;
        check(reply, lane, self.now)?;
        let message = self.enqueue(reply, lane);
        self.changes.brings_back(lane);
        self.record(reply, lane.lane.inbox, &message)
    }

    fn enqueue(&mut self, reply: &Reply, loaded: &mut LoadedLane) -> Message {
        let lane = &mut loaded.lane;
        Message {
            id: lane.draw_message_id(),
            organization: lane.organization,
            conversation: lane.conversation,
            direction: Direction::Outbound,
            status: Status::Pending,
            content: reply.content.clone(),
            sender: (SenderType::ApiKey, reply.principal.key.0, Some(reply.principal.key_name.clone())),
            reply_to: reply.reply_to.map(|id| id.0),
            at: self.now,
            provider_message_id: None,
            client_reference: reply.client_reference.clone(),
            failure: None,
            trace: reply.trace.0,
            lane_position: Some(lane.enqueue(self.now)),
            generation: 1,
            attempts: 0,
            failures: 0,
            expires_at: Some(reply.expires_at.unwrap_or(self.now + EXPIRES)),
            changed: false,
        }
    }

    fn record(&mut self, reply: &Reply, inbox: Uuid, message: &Message) -> Outcome {
        let view = serde_json::to_vec(&message.view()).map_err(Problem::internal)?;
        let content = serde_json::to_string(&message.content).map_err(Problem::internal)?;
        let location = format!("/v1/messages/{}", common::domain::ids::MessageId(message.id));
        let changes = &mut *self.changes;
        changes.messages.push(new_message(message, content));
        changes.file_of(inbox, message);
        changes.happened(message.id, "accepted", None, None);
        changes.message_event("message.created", inbox, message);
        changes.audit.push(AuditRow {
            id: Uuid::now_v7(),
            organization_id: message.organization,
            actor_type: "apiKey",
            actor_id: Some(reply.principal.key.0),
            action: "message.create",
            resource_id: message.id,
            trace_id: Some(message.trace),
        });
        self.keep(reply, StatusCode::ACCEPTED, view.clone(), Some(location.clone()));
        self.touched.insert(message.conversation, touch(message));
        Ok(Answer { status: 202, body: Bytes::from(view), location: Some(location), replayed: false })
    }
}

/// What the channel and the state of the conversation have to say against a reply.
fn check(reply: &Reply, loaded: &LoadedLane, now: DateTime<Utc>) -> Result<(), Problem> {
    if let Err(errors) = channels::check(loaded.channel, &reply.content) {
        let detail = "The channel cannot carry this content";
        let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
        problem.errors = errors;
        return Err(problem);
    }
    if loaded.inbox_deleted {
        let detail = "The inbox of this conversation was deleted";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "inbox_deleted", detail));
    }
    if !loaded.window_open(now) && !channels::passes_closed_window(loaded.channel, &reply.content) {
        let detail = "The reply window is closed: the contact has not written in the last 24 hours";
        let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "messaging_window_closed", detail);
        problem.messaging_window = Some(MessagingWindow::at(now, loaded.window_expires_at));
        return Err(problem);
    }
    if loaded.lane.queued >= MOST_QUEUED {
        let detail = format!("{MOST_QUEUED} messages wait in this conversation already");
        return Err(Problem::unavailable("too_much_waiting", detail).retry_after(30));
    }
    Ok(())
}

fn new_message(message: &Message, content: String) -> NewMessage {
    NewMessage {
        id: message.id,
        organization_id: message.organization,
        conversation_id: message.conversation,
        direction: message.direction.as_str(),
        status: message.status.as_str(),
        content,
        sender_type: message.sender.0.as_str(),
        sender_id: message.sender.1,
        sender_name: message.sender.2.clone(),
        reply_to: message.reply_to,
        at: message.at,
        provider_message_id: None,
        client_reference: message.client_reference.clone(),
        trace_id: message.trace,
        lane_position: message.lane_position,
        expires_at: message.expires_at,
    }
}

fn touch(message: &Message) -> Touch {
    Touch {
        organization_id: message.organization,
        conversation_id: message.conversation,
        last_message_id: message.id,
        direction: message.direction.as_str(),
        preview: message.content.preview(),
        at: message.at,
        unread: 0,
        window_expires_at: None,
        contact_id: None,
        contact_name: None,
    }
}
