//! What a round is decided upon, locked and loaded in one round trip.

use std::collections::HashMap;

use common::db::pipeline::contacts::Begun;
use common::db::pipeline::load::{self, LoadedLane, Message};
use common::db::shared_sessions;
use common::db::tx::Step;
use common::db::{Error, Tx};
use common::domain::lane::Lane;
use tokio_postgres::Row;
use uuid::Uuid;

use super::answer::{Answers, Keys};
use super::callers::{ASSIGNEES, Callers};
use super::referred::{Referred, refers_to};
use super::round::Item;
use super::{Act, Asker};

const REFERRED: &str =
    "SELECT id, conversation_id, content ->> 'type' = 'reaction' FROM messages WHERE id = ANY($1)";

/// The message that each lane's attempt is about.
const IN_FLIGHT: &str = "SELECT l.conversation_id, a.message_id FROM lanes l
    CROSS JOIN LATERAL (SELECT message_id FROM attempts WHERE id = l.attempt_id LIMIT 1) a
    WHERE l.conversation_id = ANY($1)";

/// The locked lanes, earlier answers, and what single requests are about.
pub(super) struct Loaded {
    pub callers: Callers,
    pub lanes: HashMap<Uuid, LoadedLane>,
    pub answers: Answers,
    /// Messages that are quoted, or reacted to.
    pub referred: HashMap<Uuid, Referred>,
    /// Messages that something is to be done about.
    pub messages: HashMap<Uuid, Message>,
    /// The heads of their lanes.
    pub heads: HashMap<Uuid, Uuid>,
    /// The messages that their lanes have in flight or in doubt.
    pub in_flight: HashMap<Uuid, Uuid>,
}

/// The ids by which a round is loaded.
#[derive(Default)]
struct Ids {
    conversations: Vec<Uuid>,
    referred: Vec<Uuid>,
    /// Messages that something is to be done about, and their conversations.
    messages: Vec<Uuid>,
    theirs: Vec<Uuid>,
    /// Inboxes of conversations that begin.
    inboxes: Vec<Uuid>,
    /// Sessions, and the conversations that they ask for something in.
    sessions: Vec<Uuid>,
    asked_for: Vec<Uuid>,
}

impl Ids {
    fn of(items: &[Item<'_>], begun: &[Begun]) -> Self {
        let mut ids = Self { inboxes: begun.iter().map(|begun| begun.inbox).collect(), ..Self::default() };
        for item in items {
            ids.conversations.push(item.conversation);
            if let Asker::Session(name) = &item.asked.asker {
                ids.sessions.push(name.session.0);
                ids.asked_for.push(item.conversation);
            }
            match &item.asked.act {
                Act::Send(draft) => ids.referred.extend(refers_to(draft)),
                Act::Retry(id) | Act::Cancel(id) => {
                    ids.messages.push(id.0);
                    ids.theirs.push(item.conversation);
                }
            }
        }
        ids
    }
}

/// Statements of which most rounds need few, each with what its rows are for.
struct Steps<'a> {
    steps: Vec<Step<'a>>,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lock,
    Lanes,
    Answers,
    Referred,
    Messages,
    Heads,
    InFlight,
    Inboxes,
    Sessions,
    Assignees,
}

impl<'a> Steps<'a> {
    fn add(&mut self, kind: Kind, step: Step<'a>) {
        self.kinds.push(kind);
        self.steps.push(step);
    }

    async fn begin(self, tx: &Tx) -> Result<Rows, Error> {
        Ok(Rows(self.kinds.into_iter().zip(tx.begin(&self.steps).await?).collect()))
    }
}

struct Rows(Vec<(Kind, Vec<Row>)>);

impl Rows {
    fn of(&self, kind: Kind) -> &[Row] {
        self.0.iter().find(|(found, _)| *found == kind).map_or(&[], |(_, rows)| rows)
    }

    fn pairs(&self, kind: Kind, (key, value): (usize, usize)) -> HashMap<Uuid, Uuid> {
        self.of(kind).iter().map(|row| (row.get(key), row.get(value))).collect()
    }
}

/// Locks and loads; the lanes of conversations that begin are there only in memory.
pub(super) async fn load(tx: &Tx, items: &[Item<'_>], begun: &[Begun]) -> Result<Loaded, Error> {
    let (ids, keys) = (Ids::of(items, begun), Keys::of(items));
    let mut steps = Steps { steps: Vec::new(), kinds: Vec::new() };
    steps.add(Kind::Lock, tx.step(load::LOCK, vec![&ids.conversations]).await?);
    steps.add(Kind::Lanes, tx.step(load::LANES, vec![&ids.conversations]).await?);
    // After the lock, so that the answer of whoever held it is seen.
    if !keys.is_empty() {
        steps.add(Kind::Answers, keys.step(tx).await?);
    }
    if !ids.referred.is_empty() {
        steps.add(Kind::Referred, tx.step(REFERRED, vec![&ids.referred]).await?);
    }
    if !ids.messages.is_empty() {
        steps.add(Kind::Messages, tx.step(&load::messages(), vec![&ids.messages]).await?);
        steps.add(Kind::Heads, tx.step(&load::heads(), vec![&ids.theirs]).await?);
        steps.add(Kind::InFlight, tx.step(IN_FLIGHT, vec![&ids.theirs]).await?);
    }
    if !ids.inboxes.is_empty() {
        steps.add(Kind::Inboxes, tx.step(load::INBOXES, vec![&ids.inboxes]).await?);
    }
    if !ids.sessions.is_empty() {
        steps.add(Kind::Sessions, tx.step(shared_sessions::CHECK, vec![&ids.sessions]).await?);
        steps.add(Kind::Assignees, tx.step(ASSIGNEES, vec![&ids.asked_for]).await?);
    }
    let rows = steps.begin(tx).await?;
    let mut lanes = LoadedLane::read_all(rows.of(Kind::Lanes))?;
    for begun in begun {
        let inbox = rows.of(Kind::Inboxes).iter().find(|row| row.get::<_, Uuid>(0) == begun.inbox);
        let lane = Lane::new(begun.organization, begun.inbox, begun.conversation);
        if let Some(row) = inbox {
            lanes.insert(begun.conversation, LoadedLane::begun(row, lane, begun)?);
        }
    }
    let messages = rows.of(Kind::Messages).iter().map(|row| Message::read(row).map(|m| (m.id, m)));
    let referred = rows.of(Kind::Referred).iter().map(|row| {
        let referred = Referred { conversation: row.try_get(1)?, is_reaction: row.try_get(2)? };
        Ok((row.try_get(0)?, referred))
    });
    Ok(Loaded {
        callers: Callers::read(rows.of(Kind::Sessions), rows.of(Kind::Assignees))?,
        lanes,
        answers: Answers::read(rows.of(Kind::Answers))?,
        referred: referred.collect::<Result<_, Error>>()?,
        messages: messages.collect::<Result<_, _>>()?,
        heads: rows.pairs(Kind::Heads, (2, 0)),
        in_flight: rows.pairs(Kind::InFlight, (0, 1)),
    })
}
