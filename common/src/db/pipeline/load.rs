//! Locks lanes and loads what a step of the pipeline decides upon.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::contacts::Begun;
use crate::channels::Channel;
use crate::db::Error;
use crate::domain::contact::Standing;
use crate::domain::content::{Content, MessageContext};
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::lane::Lane;
use crate::domain::message::{Failure, Status};
use crate::domain::postponed::{ClosedWindow, Postponed};
use crate::domain::view::{Direction, MessageView, ReactionView, SenderType, SenderView, shown};
use crate::problem::Timestamp;

/// Locks lanes, in id order so that groups never deadlock. A statement of its own: what is read afterwards is newer than
/// what was waited for.
pub const LOCK: &str =
    "SELECT 1 FROM lanes WHERE conversation_id = ANY($1) ORDER BY conversation_id FOR NO KEY UPDATE";

/// Loads locked lanes with their conversation and inbox. A lateral look-up with a limit has one plan: from the lane to the
/// row, by its key.
pub const LANES: &str = "SELECT l.conversation_id, l.organization_id, l.inbox_id, l.state, l.last_message_id,
        l.next_position, l.queued, l.lease, l.attempt_id, l.due_at, l.ready_at, l.bulk, l.pair_tat,
        c.address, c.window_expires_at, i.channel, i.gate, i.pace, i.unknown_outcome, i.deleted_at IS NOT NULL,
        c.archived, l.held, l.scheduled, c.contact_id, k.standing
    FROM lanes l
    CROSS JOIN LATERAL (SELECT address, window_expires_at, state = 'archived' AS archived, contact_id FROM conversations
        WHERE organization_id = l.organization_id AND id = l.conversation_id LIMIT 1) c
    CROSS JOIN LATERAL (SELECT CASE WHEN erased_at IS NOT NULL THEN 'erased' WHEN blocked_at IS NOT NULL THEN 'blocked'
            WHEN opted_out_at IS NOT NULL THEN 'opted_out' ELSE 'reachable' END AS standing
        FROM contacts WHERE id = c.contact_id LIMIT 1) k
    CROSS JOIN LATERAL (SELECT channel, gate, pace, unknown_outcome, deleted_at FROM inboxes
        WHERE id = l.inbox_id LIMIT 1) i
    WHERE l.conversation_id = ANY($1)";

/// What `LANES` tells of an inbox, for conversations that begin.
pub const INBOXES: &str = "SELECT id, channel, gate, pace, unknown_outcome, deleted_at IS NOT NULL
    FROM inboxes WHERE id = ANY($1)";

const MESSAGE: &str = "m.id, m.organization_id, m.conversation_id, m.direction, m.status, m.content, m.sender_type,
    m.sender_id, m.sender_name, m.reply_to, m.at, m.provider_message_id, m.client_reference, m.failure, m.trace_id,
    m.lane_position, m.generation, m.attempts, m.failures, m.expires_at, m.scheduled_at, m.postponed, m.closed_window,
    m.reactions, m.edited_at, m.deleted_at, m.context";

/// How many columns a message takes.
pub const MESSAGE_COLUMNS: usize = 27;

/// Loads each lane's head, with the provider's id of the message it quotes. Its tries are counted where they are committed: the
/// message itself is told of one only when that is recorded.
pub fn heads() -> String {
    let message = MESSAGE.replace(
        "m.attempts",
        "coalesce((SELECT a.number FROM attempts a WHERE a.message_id = m.id AND a.generation = m.generation
            ORDER BY a.number DESC LIMIT 1), 0)",
    );
    format!(
        "SELECT {message}, (SELECT q.provider_message_id FROM messages q WHERE q.id = m.reply_to)
        FROM unnest($1::uuid[]) AS l (id) CROSS JOIN LATERAL (
            SELECT * FROM messages WHERE conversation_id = l.id AND lane_position IS NOT NULL
            ORDER BY lane_position LIMIT 1) m"
    )
}

/// Loads up to `$2` messages that wait in lanes or outside of them: those in line in their order, then the others.
pub fn waiting() -> String {
    format!(
        "SELECT {MESSAGE} FROM messages m WHERE m.id = ANY(ARRAY(
            (SELECT id FROM messages WHERE conversation_id = ANY($1) AND lane_position IS NOT NULL
                ORDER BY conversation_id, lane_position LIMIT $2)
            UNION ALL
            (SELECT message_id FROM postponements WHERE conversation_id = ANY($1) LIMIT $2)))
        ORDER BY m.conversation_id, m.lane_position LIMIT $2"
    )
}

/// Loads messages by id.
pub fn messages() -> String {
    format!("SELECT {MESSAGE} FROM messages m WHERE m.id = ANY($1)")
}

/// The provider's ids of messages.
pub const PROVIDER_IDS: &str = "SELECT id, provider_message_id FROM messages WHERE id = ANY($1)";

/// Loads the messages of these conversations that wait until the contact writes, oldest first in each.
pub fn held() -> String {
    format!(
        "SELECT {MESSAGE} FROM postponements p
        CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = p.message_id LIMIT 1) m
        WHERE p.conversation_id = ANY($1) AND p.reason = 'held' ORDER BY p.conversation_id, p.message_id"
    )
}

/// Loads attempts by id.
pub const ATTEMPTS: &str = "SELECT id, message_id, conversation_id, generation, number, lease, state FROM attempts WHERE id = ANY($1)";

/// Whether an inbox may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// One message tries.
    HalfOpen,
    /// The provider refuses our credentials or account.
    Closed,
}

impl Gate {
    fn stored(word: &str) -> Self {
        match word {
            "open" => Self::Open,
            "half_open" => Self::HalfOpen,
            _ => Self::Closed,
        }
    }
}

/// A locked lane with what surrounds it.
#[derive(Debug, Clone)]
pub struct LoadedLane {
    /// The lane as it is stored.
    stored: Lane,
    /// The lane.
    pub lane: Lane,
    /// Where replies go.
    pub address: String,
    /// When free-form replies stop being allowed.
    pub window_expires_at: Option<DateTime<Utc>>,
    /// The inbox's channel.
    pub channel: Channel,
    /// The inbox's gate.
    pub gate: Gate,
    /// Messages a second that the sender may send.
    pub pace: i32,
    /// Whether an attempt whose outcome stays unknown is repeated.
    pub resend_unknown: bool,
    /// Whether the inbox was deleted.
    pub inbox_deleted: bool,
    /// Whether the conversation is archived; its next message brings it back.
    pub archived: bool,
    /// The contact.
    pub contact: Uuid,
    /// Whether the contact may be written to.
    pub standing: Standing,
}

/// A message with its changing parts.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// Its organization.
    pub organization: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// Its direction.
    pub direction: Direction,
    /// Its status.
    pub status: Status,
    /// What it says.
    pub content: Content,
    /// Who sent it.
    pub sender: (SenderType, Uuid, Option<String>),
    /// The message it quotes.
    pub reply_to: Option<Uuid>,
    /// Its time.
    pub at: DateTime<Utc>,
    /// The provider's id of it.
    pub provider_message_id: Option<String>,
    /// The client's own reference.
    pub client_reference: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The request it came from.
    pub trace: Uuid,
    /// Its place in the lane while it is queued.
    pub lane_position: Option<i64>,
    /// A manual retry begins a new one.
    pub generation: i32,
    /// Tries begun, of a lane's head; of any other message, those recorded.
    pub attempts: i32,
    /// Refused tries in a row.
    pub failures: i32,
    /// When it is given up.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it is to be released, if the client asked for a time.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// Why it stands outside its lane, if it does.
    pub postponed: Option<Postponed>,
    /// What becomes of it if the reply window is closed when it is about to leave.
    pub closed_window: ClosedWindow,
    /// What either side has put on it, taken-away reactions included.
    pub reactions: Vec<ReactionView>,
    /// When its sender last edited it.
    pub edited_at: Option<DateTime<Utc>>,
    /// When its sender deleted it.
    pub deleted_at: Option<DateTime<Utc>>,
    /// What surrounds it.
    pub context: Option<MessageContext>,
    /// Whether it is to be written back.
    pub changed: bool,
    /// Whether more of it is to be written back than delivering changes.
    pub moved: bool,
    /// Whether what it says is to be written back.
    pub content_changed: bool,
    /// Whether its reactions are to be written back.
    pub reactions_changed: bool,
}

/// A try.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its id.
    pub id: Uuid,
    /// Its message.
    pub message: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// The message's generation.
    pub generation: i32,
    /// Its number.
    pub number: i32,
    /// The lease under which it was begun.
    pub lease: i64,
    /// Its state.
    pub state: String,
}

fn parsed<T: std::str::FromStr<Err = String>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(Error::Stored)
}

/// Reads JSON of a column into a type of ours.
pub(crate) fn json<T: serde::de::DeserializeOwned>(row: &Row, column: usize) -> Result<T, Error> {
    let raw: Json<&RawValue> = row.try_get(column)?;
    serde_json::from_str(raw.0.get()).map_err(|error| Error::Stored(error.to_string()))
}

/// The same of a column that may be null.
pub(crate) fn optional_json<T: serde::de::DeserializeOwned>(
    row: &Row,
    column: usize,
) -> Result<Option<T>, Error> {
    let there = row.try_get::<_, Option<Json<&RawValue>>>(column)?.is_some();
    there.then(|| json(row, column)).transpose()
}

impl LoadedLane {
    /// Reads a row of `LANES`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row) -> Result<Self, Error> {
        let lane = Lane {
            conversation: row.try_get(0)?,
            organization: row.try_get(1)?,
            inbox: row.try_get(2)?,
            state: parsed(row.try_get(3)?)?,
            last_message: row.try_get(4)?,
            next_position: row.try_get(5)?,
            queued: row.try_get(6)?,
            lease: row.try_get(7)?,
            attempt: row.try_get(8)?,
            due_at: row.try_get(9)?,
            ready_at: row.try_get(10)?,
            bulk: row.try_get(11)?,
            pair_tat: row.try_get(12)?,
            held: row.try_get("held")?,
            scheduled: row.try_get("scheduled")?,
        };
        Ok(Self {
            stored: lane.clone(),
            lane,
            address: row.try_get(13)?,
            window_expires_at: row.try_get(14)?,
            channel: parsed(row.try_get(15)?)?,
            gate: Gate::stored(row.try_get(16)?),
            pace: row.try_get(17)?,
            resend_unknown: row.try_get::<_, &str>(18)? == "resend",
            inbox_deleted: row.try_get(19)?,
            archived: row.try_get(20)?,
            contact: row.try_get("contact_id")?,
            standing: parsed(row.try_get("standing")?)?,
        })
    }

    /// The lane of a conversation that begins, by a row of `INBOXES`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn begun(row: &Row, lane: Lane, begun: &Begun) -> Result<Self, Error> {
        Ok(Self {
            stored: lane.clone(),
            lane,
            address: begun.address.clone(),
            window_expires_at: None,
            channel: parsed(row.try_get(1)?)?,
            gate: Gate::stored(row.try_get(2)?),
            pace: row.try_get(3)?,
            resend_unknown: row.try_get::<_, &str>(4)? == "resend",
            inbox_deleted: row.try_get(5)?,
            archived: false,
            contact: begun.contact,
            // Whoever named a contact has looked.
            standing: Standing::Reachable,
        })
    }

    /// Reads all rows of `LANES`, by conversation.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read_all(rows: &[Row]) -> Result<HashMap<Uuid, Self>, Error> {
        rows.iter().map(|row| Self::read(row).map(|lane| (lane.lane.conversation, lane))).collect()
    }

    /// Whether the lane differs from what is stored.
    pub fn changed(&self) -> bool {
        self.lane != self.stored
    }

    /// Whether free-form messages may be sent at `now`.
    pub fn window_open(&self, now: DateTime<Utc>) -> bool {
        self.channel.reply_window().is_none() || self.window_expires_at.is_some_and(|end| end > now)
    }
}

impl Message {
    /// Reads a row of `heads` or `messages`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get(0)?,
            organization: row.try_get(1)?,
            conversation: row.try_get(2)?,
            direction: parsed(row.try_get(3)?)?,
            status: parsed(row.try_get(4)?)?,
            content: json(row, 5)?,
            sender: (parsed(row.try_get(6)?)?, row.try_get(7)?, row.try_get(8)?),
            reply_to: row.try_get(9)?,
            at: row.try_get(10)?,
            provider_message_id: row.try_get(11)?,
            client_reference: row.try_get(12)?,
            failure: optional_json(row, 13)?,
            trace: row.try_get(14)?,
            lane_position: row.try_get(15)?,
            generation: row.try_get(16)?,
            attempts: row.try_get(17)?,
            failures: row.try_get(18)?,
            expires_at: row.try_get(19)?,
            scheduled_at: row.try_get(20)?,
            postponed: row.try_get::<_, Option<&str>>(21)?.map(parsed).transpose()?,
            closed_window: optional_json(row, 22)?.unwrap_or_default(),
            reactions: optional_json(row, 23)?.unwrap_or_default(),
            edited_at: row.try_get(24)?,
            deleted_at: row.try_get(25)?,
            context: optional_json(row, 26)?,
            changed: false,
            moved: false,
            content_changed: false,
            reactions_changed: false,
        })
    }

    /// Whether it is still to be sent: in line, or outside of it.
    pub fn waits(&self) -> bool {
        self.lane_position.is_some() || self.postponed.is_some()
    }

    /// The message as clients see it.
    pub fn view(&self) -> MessageView {
        let (kind, id, name) = &self.sender;
        MessageView {
            id: MessageId(self.id),
            conversation_id: ConversationId(self.conversation),
            direction: self.direction,
            timestamp: Timestamp(self.at),
            content: self.content.clone(),
            status: self.status,
            sender: SenderView::new(*kind, *id, name.clone()),
            reply_to: self.reply_to.map(MessageId),
            reactions: shown(self.reactions.clone()),
            failure: self.failure.clone(),
            provider_message_id: self.provider_message_id.clone(),
            scheduled_at: self.scheduled_at.map(Timestamp),
            edited_at: self.edited_at.map(Timestamp),
            deleted_at: self.deleted_at.map(Timestamp),
            context: self.context.clone(),
            client_reference: self.client_reference.clone(),
            timeline: None,
        }
    }
}

impl Attempt {
    /// Reads a row of `ATTEMPTS`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get(0)?,
            message: row.try_get(1)?,
            conversation: row.try_get(2)?,
            generation: row.try_get(3)?,
            number: row.try_get(4)?,
            lease: row.try_get(5)?,
            state: row.try_get(6)?,
        })
    }
}
