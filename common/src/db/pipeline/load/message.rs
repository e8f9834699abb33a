//! Messages as the pipeline's steps need them.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{json, optional_json, parsed};
use crate::db::Error;
use crate::domain::content::{Content, MessageContext};
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::message::{Failure, Status};
use crate::domain::postponed::{ClosedWindow, Postponed};
use crate::domain::view::{Direction, MessageView, ReactionView, Sender, shown};
use crate::problem::Timestamp;

const MESSAGE: &str = "m.id, m.organization_id, m.conversation_id, m.direction, m.status, m.content, m.sender_type,
    m.sender_id, m.sender_name, m.reply_to, m.at, m.provider_message_id, m.client_reference, m.failure, m.trace_id,
    m.lane_position, m.generation, m.attempts, m.failures, m.expires_at, m.scheduled_at, m.postponed, m.closed_window,
    m.reactions, m.edited_at, m.deleted_at, m.context, m.sender_viewer_id";

/// How many columns a message takes.
pub const MESSAGE_COLUMNS: usize = 28;

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
    pub sender: Sender,
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
            sender: Sender {
                r#type: parsed(row.try_get(6)?)?,
                id: row.try_get(7)?,
                name: row.try_get(8)?,
                viewer: row.try_get(27)?,
            },
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
        MessageView {
            id: MessageId(self.id),
            conversation_id: ConversationId(self.conversation),
            direction: self.direction,
            timestamp: Timestamp(self.at),
            content: self.content.clone(),
            status: self.status,
            sender: self.sender.view(),
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
