//! Decides on a round's submissions one by one, and notes what each writes.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use common::channels;
use common::db::pipeline::Changes;
use common::db::pipeline::contacts::Begun;
use common::db::pipeline::load::{LoadedLane, Message};
use common::db::pipeline::rows::{AnswerRow, AuditRow};
use common::db::pipeline::touches::Touch;
use common::delivery::Leave;
use common::domain::content::Content;
use common::domain::ids::MessageId;
use common::domain::principal::Principal;
use common::problem::{MessagingWindow, Problem};
use http::StatusCode;
use uuid::Uuid;

use super::answer::Answer;
use super::load::Loaded;
use super::round::Item;
use super::{Act, Target};

/// Most messages that may wait in one conversation, and outside of its line.
const MOST_QUEUED: i32 = 10_000;
const MOST_POSTPONED: i32 = 1_000;

pub(super) type Outcome = Result<Answer, Problem>;

/// What a round decides, and what follows from it.
pub(super) struct Decider {
    pub changes: Changes,
    pub now: DateTime<Utc>,
    /// Conversations with a new message.
    pub touched: HashMap<Uuid, Touch>,
    /// Conversations that begin if something is accepted for them.
    pub may_begin: HashMap<Uuid, Begun>,
    /// Conversations that do.
    pub begun: Vec<Begun>,
    /// Whether there is anything to write.
    pub wrote: bool,
}

impl Decider {
    pub(super) fn new(may_begin: Vec<Begun>) -> Self {
        Self {
            changes: Changes::default(),
            now: Utc::now(),
            touched: HashMap::new(),
            may_begin: may_begin.into_iter().map(|begun| (begun.conversation, begun)).collect(),
            begun: Vec::new(),
            wrote: false,
        }
    }

    /// Decides on one; a final refusal of a request with an idempotency key is kept like an acceptance.
    pub(super) fn answer(&mut self, item: &Item<'_>, loaded: &mut Loaded) -> Outcome {
        let caller = loaded.callers.of(item)?;
        if let Some(answer) = loaded.answers.find(item)? {
            return Ok(answer);
        }
        let decided = self.decide(item, &caller, loaded);
        let lasting = [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
        if let Err(problem) = &decided
            && lasting.contains(&problem.status)
        {
            let body = serde_json::to_vec(&problem.body(None, None)).map_err(Problem::internal)?;
            self.keep(item, problem.status, body, None);
        }
        decided
    }

    fn decide(&mut self, item: &Item<'_>, caller: &Principal, loaded: &mut Loaded) -> Outcome {
        if let Target::Nowhere(problem) = &item.asked.target {
            let Problem { status, code, ref detail, ref errors, .. } = **problem;
            return Err(Problem { errors: errors.clone(), ..Problem::new(status, code, detail.clone()) });
        }
        match &item.asked.act {
            Act::Send(draft) => self.send((item, caller), draft, loaded),
            Act::Retry(id) => self.retry((item, caller), *id, loaded),
            Act::Cancel(id) => self.cancel((item, caller), *id, loaded),
        }
    }

    fn keep(&mut self, item: &Item<'_>, status: StatusCode, body: Vec<u8>, location: Option<String>) {
        if let Some((key, hash)) = &item.asked.idempotency {
            self.wrote = true;
            self.changes.answers.push(AnswerRow {
                credential_id: item.asked.asker.credential().id(),
                route: item.asked.route,
                key: key.clone(),
                request_hash: hash.to_vec(),
                status: i16::try_from(status.as_u16()).unwrap_or(i16::MAX),
                body,
                location,
            });
        }
    }

    /// Answers with a message as it now stands, and keeps that answer.
    pub(super) fn answer_with(&mut self, item: &Item<'_>, status: StatusCode, message: &Message) -> Outcome {
        let body = serde_json::to_vec(&message.view()).map_err(Problem::internal)?;
        let accepted = status == StatusCode::ACCEPTED;
        let location = accepted.then(|| format!("/v1/messages/{}", MessageId(message.id)));
        self.keep(item, status, body.clone(), location.clone());
        Ok(Answer { status: status.as_u16(), body: Bytes::from(body), location, replayed: false })
    }

    /// Notes that somebody asked for a write.
    pub(super) fn audit(
        &mut self,
        item: &Item<'_>,
        caller: &Principal,
        action: &'static str,
        resource: Uuid,
    ) {
        self.wrote = true;
        self.changes.audit.push(AuditRow {
            id: Uuid::now_v7(),
            organization_id: caller.organization.0,
            actor_type: caller.credential.sender_type().as_str(),
            actor_id: Some(caller.credential.id()),
            action,
            resource_id: resource,
            trace_id: Some(item.asked.trace.0),
            detail: caller.via().map(|via| via.to_string()),
        });
    }
}

/// What the channel and the state of the conversation have to say against content in it, whatever its reply window.
pub(super) fn check(
    content: &Content,
    fallback: Option<&Content>,
    loaded: &LoadedLane,
) -> Result<(), Problem> {
    let mut errors = channels::check(loaded.channel, content).err().unwrap_or_default();
    for mut error in
        fallback.and_then(|content| channels::check(loaded.channel, content).err()).into_iter().flatten()
    {
        error.field = error.field.replacen("content", "fallbackTemplate", 1);
        errors.push(error);
    }
    if !errors.is_empty() {
        let detail = "The channel cannot carry this content";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
        return Err(Problem { errors, ..problem });
    }
    if loaded.inbox_deleted {
        let detail = "The inbox of this conversation was deleted";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "inbox_deleted", detail));
    }
    if let Some((code, detail)) = loaded.standing.refusal() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail));
    }
    Ok(())
}

/// Whether there is room for one more message in the line, or outside of it.
pub(super) fn check_room(loaded: &LoadedLane, leave: Option<&Leave>) -> Result<(), Problem> {
    let lane = &loaded.lane;
    let (waiting, most) = match leave {
        None | Some(Leave::Held) => (lane.held + lane.scheduled, MOST_POSTPONED),
        Some(Leave::Now | Leave::Replaced(_) | Leave::Refused) => (lane.queued, MOST_QUEUED),
    };
    if waiting < most {
        return Ok(());
    }
    let detail = format!("{most} messages wait in this conversation already");
    Err(Problem::unavailable("too_much_waiting", detail).retry_after(30))
}

/// The refusal of content that does not pass the closed reply window.
pub(super) fn window_closed(loaded: &LoadedLane, now: DateTime<Utc>) -> Problem {
    let detail = "The reply window is closed: the contact has not written in the last 24 hours";
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "messaging_window_closed", detail);
    Problem {
        messaging_window: Some(MessagingWindow::at(loaded.channel, now, loaded.window_expires_at)),
        ..problem
    }
}
