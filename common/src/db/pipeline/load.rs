//! Locks lanes and loads what a step of the pipeline decides upon.

mod message;

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
use crate::domain::lane::Lane;

pub use message::{MESSAGE_COLUMNS, Message, PROVIDER_IDS, heads, held, messages, waiting};

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

/// Loads attempts by id.
pub const ATTEMPTS: &str = "SELECT id, message_id, conversation_id, generation, number, lease, state, inbox_id FROM attempts WHERE id = ANY($1)";

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
    /// The inbox that it went through, where that is another than the conversation's.
    pub inbox: Option<Uuid>,
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
            inbox: row.try_get(7)?,
        })
    }
}
