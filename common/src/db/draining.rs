//! Inboxes that were deleted: finding what still waits in them, a part of their conversations at a time.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::Error;

/// A deleted inbox in which something may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// The inbox.
    pub inbox: Uuid,
    /// Whether every request that may have found it there has ended since.
    pub settled: bool,
}

/// A place among an inbox's conversations, in the order of an index there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    state: String,
    at: DateTime<Utc>,
    conversation: Uuid,
}

impl Default for Place {
    fn default() -> Self {
        Self { state: String::new(), at: DateTime::UNIX_EPOCH, conversation: Uuid::nil() }
    }
}

/// Some of an inbox's conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Those in which something waits or is under way, in id order.
    pub waiting: Vec<Uuid>,
    /// Where the next block begins; none after the last one.
    pub next: Option<Place>,
}

/// The first such inbox after `after`.
///
/// # Errors
/// When the database fails.
pub async fn next(client: &impl GenericClient, after: Uuid) -> Result<Option<Deleted>, Error> {
    // Longer than any transaction that accepts messages lasts.
    let sql = "SELECT id, deleted_at < now() - interval '60 seconds' FROM inboxes
        WHERE deleted_at IS NOT NULL AND drained_at IS NULL AND id > $1 ORDER BY id LIMIT 1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&after]).await?;
    row.map(|row| Ok(Deleted { inbox: row.try_get(0)?, settled: row.try_get(1)? })).transpose()
}

/// The conversations of an inbox after `place`, at most `most` of them.
///
/// # Errors
/// When the database fails.
pub async fn block(
    client: &impl GenericClient,
    inbox: Uuid,
    place: &Place,
    most: i64,
) -> Result<Block, Error> {
    let sql = "SELECT c.id, c.state, c.last_message_at, l.queued + l.held + l.scheduled > 0 FROM (
            SELECT id, state, last_message_at FROM conversations
            WHERE inbox_id = $1 AND (state, last_message_at, id) > ($2, $3, $4)
            ORDER BY state, last_message_at, id LIMIT $5
        ) c JOIN lanes l ON l.conversation_id = c.id ORDER BY c.state, c.last_message_at, c.id";
    let statement = client.prepare_cached(sql).await?;
    let rows =
        client.query(&statement, &[&inbox, &place.state, &place.at, &place.conversation, &most]).await?;
    let mut waiting = Vec::new();
    for row in &rows {
        if row.try_get(3)? {
            waiting.push(row.try_get(0)?);
        }
    }
    waiting.sort_unstable();
    let next = match rows.last() {
        Some(row) => {
            Some(Place { conversation: row.try_get(0)?, state: row.try_get(1)?, at: row.try_get(2)? })
        }
        None => None,
    };
    Ok(Block { waiting, next })
}

/// Nothing waits in the inbox any more.
///
/// # Errors
/// When the database fails.
pub async fn done(client: &impl GenericClient, inbox: Uuid) -> Result<(), Error> {
    let sql = "UPDATE inboxes SET drained_at = now() WHERE id = $1 AND drained_at IS NULL";
    client.execute(&client.prepare_cached(sql).await?, &[&inbox]).await?;
    Ok(())
}
