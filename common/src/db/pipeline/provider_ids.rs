//! `provider_ids`: where the record of a send and the provider's statuses meet.
//!
//! Both sides upsert the same row, so whichever commits second sees the other, however they interleave. Every statement
//! takes its rows in key order, so that groups never deadlock, and after the lanes' locks.

use tokio_postgres::Row;
use uuid::Uuid;

use super::load::optional_json;
use crate::channels::StatusUpdate;
use crate::db::Error;
use crate::domain::view::ReactionView;

/// Names the message of each provider id: inboxes, provider ids, messages, conversations. Returns the message that the id
/// has, which is an earlier one if it was named before, and what had been parked.
pub const CLAIM: &str = "INSERT INTO provider_ids AS p (inbox_id, provider_id, message_id, conversation_id)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[])
        AS r (inbox_id, provider_id, message_id, conversation_id) ORDER BY inbox_id, provider_id
    ON CONFLICT (inbox_id, provider_id) DO UPDATE SET
        message_id = coalesce(p.message_id, excluded.message_id),
        conversation_id = coalesce(p.conversation_id, excluded.conversation_id)
    RETURNING inbox_id, provider_id, message_id, parked, parked_reactions";

/// Forgets what was parked at provider ids, once it has been applied: inboxes, provider ids.
pub const UNPARK: &str = "UPDATE provider_ids p SET parked = NULL, parked_reactions = NULL
    FROM unnest($1::uuid[], $2::text[]) AS r (inbox_id, provider_id)
    WHERE p.inbox_id = r.inbox_id AND p.provider_id = r.provider_id
        AND p.inbox_id = ANY($1) AND p.provider_id = ANY($2)";

/// Forgets provider ids of messages that are not there any more: inboxes, provider ids.
pub const FORGET: &str = "DELETE FROM provider_ids WHERE ctid = ANY(ARRAY(
    SELECT p.ctid FROM unnest($1::uuid[], $2::text[]) AS r (inbox_id, provider_id) CROSS JOIN LATERAL (
        SELECT ctid FROM provider_ids WHERE inbox_id = r.inbox_id AND provider_id = r.provider_id LIMIT 1) p))";

/// Parks statuses of messages that nobody has recorded yet: inboxes, provider ids (each pair once), JSON arrays of
/// statuses. Returns the pairs whose message has been recorded meanwhile; nothing is parked there.
pub const PARK: &str = "WITH upserted AS (
        INSERT INTO provider_ids AS p (inbox_id, provider_id, parked)
        SELECT inbox_id, provider_id, parked::jsonb FROM unnest($1::uuid[], $2::text[], $3::text[])
            AS r (inbox_id, provider_id, parked) ORDER BY inbox_id, provider_id
        ON CONFLICT (inbox_id, provider_id) DO UPDATE SET parked = CASE
            WHEN p.message_id IS NULL THEN coalesce(p.parked, '[]') || excluded.parked ELSE p.parked END
        RETURNING inbox_id, provider_id, message_id
    ) SELECT inbox_id, provider_id FROM upserted WHERE message_id IS NOT NULL";

/// Parks reactions to messages that nobody has recorded yet, as `PARK` does with statuses.
pub const PARK_REACTIONS: &str = "WITH upserted AS (
        INSERT INTO provider_ids AS p (inbox_id, provider_id, parked_reactions)
        SELECT inbox_id, provider_id, parked::jsonb FROM unnest($1::uuid[], $2::text[], $3::text[])
            AS r (inbox_id, provider_id, parked) ORDER BY inbox_id, provider_id
        ON CONFLICT (inbox_id, provider_id) DO UPDATE SET parked_reactions = CASE
            WHEN p.message_id IS NULL THEN coalesce(p.parked_reactions, '[]') || excluded.parked_reactions
            ELSE p.parked_reactions END
        RETURNING inbox_id, provider_id, message_id
    ) SELECT inbox_id, provider_id FROM upserted WHERE message_id IS NOT NULL";

/// Looks provider ids up: inboxes, provider ids. Only those whose message is known.
pub const FIND: &str = "SELECT p.inbox_id, p.provider_id, p.message_id, p.conversation_id
    FROM unnest($1::uuid[], $2::text[]) AS r (inbox_id, provider_id) CROSS JOIN LATERAL (
        SELECT * FROM provider_ids WHERE inbox_id = r.inbox_id AND provider_id = r.provider_id LIMIT 1) p
    WHERE p.message_id IS NOT NULL";

/// What `CLAIM` found at a provider id.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The inbox.
    pub inbox: Uuid,
    /// The provider's id.
    pub provider_id: String,
    /// The message that the id has.
    pub message: Uuid,
    /// Statuses that came before.
    pub parked: Vec<StatusUpdate>,
    /// Reactions that came before.
    pub reactions: Vec<ParkedReaction>,
}

/// A reaction whose message nobody has recorded yet.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ParkedReaction {
    /// The message that the reaction itself is.
    pub message: Uuid,
    /// The conversation that it came in.
    pub conversation: Uuid,
    /// What is to be put on the message.
    pub reaction: ReactionView,
}

impl Claimed {
    /// Reads a row of `CLAIM`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            inbox: row.try_get(0)?,
            provider_id: row.try_get(1)?,
            message: row.try_get(2)?,
            parked: optional_json(row, 3)?.unwrap_or_default(),
            reactions: optional_json(row, 4)?.unwrap_or_default(),
        })
    }

    /// Whether anything came before.
    pub fn has_parked(&self) -> bool {
        !self.parked.is_empty() || !self.reactions.is_empty()
    }
}
