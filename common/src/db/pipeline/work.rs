//! Finding lanes that want something: those due, and those ready for admission.

use deadpool_postgres::Pool;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::Error;

/// Locks lanes that are due, oldest first; those that another transaction holds are left to it.
pub const DUE: &str = "SELECT conversation_id FROM lanes WHERE due_at <= now()
    ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED";

/// Finds ready lanes that their senders have budget for, in the order in which they are to go out.
///
/// Inboxes with ready lanes are found by hopping along the index; each gives as many as fit into about two seconds of its
/// pace, and none while the provider wants to hear nothing of it or once it is deleted; organizations take turns, replies before bulk. Parameters: most lanes in all.
pub const READY: &str = "WITH RECURSIVE hop AS (
        (SELECT inbox_id FROM lanes WHERE ready_at IS NOT NULL ORDER BY inbox_id LIMIT 1)
        UNION ALL
        SELECT (SELECT l.inbox_id FROM lanes l WHERE l.ready_at IS NOT NULL AND l.inbox_id > hop.inbox_id
            ORDER BY l.inbox_id LIMIT 1)
        FROM hop WHERE hop.inbox_id IS NOT NULL
    ), senders AS (
        SELECT i.id AS inbox_id, i.organization_id,
            CASE WHEN EXISTS (SELECT 1 FROM sender_budgets b
                WHERE b.inbox_id = i.id AND b.second > extract(epoch FROM now()) + 1) THEN 0
                WHEN i.deleted_at IS NOT NULL THEN 0
                WHEN i.gate = 'open' THEN greatest(1, 2 * i.pace * coalesce((SELECT b.percent FROM sender_budgets b
                    WHERE b.inbox_id = i.id AND b.percent_until > extract(epoch FROM now())), 100) / 100) WHEN i.gate = 'half_open' THEN 1 ELSE 0 END
            - (SELECT count(*) FROM lanes l WHERE l.inbox_id = i.id AND l.state IN ('admitted', 'claimed')) AS room
        FROM hop JOIN inboxes i ON i.id = hop.inbox_id
    ), candidates AS (
        SELECT s.organization_id, r.conversation_id, r.bulk, r.ready_at
        FROM senders s CROSS JOIN LATERAL (
            SELECT conversation_id, bulk, ready_at FROM lanes
            WHERE inbox_id = s.inbox_id AND ready_at IS NOT NULL ORDER BY bulk, ready_at LIMIT greatest(s.room, 0)
        ) r
    ), turns AS (
        SELECT *, row_number() OVER (PARTITION BY organization_id ORDER BY bulk, ready_at) AS turn FROM candidates
    )
    SELECT conversation_id FROM turns ORDER BY turn, ready_at LIMIT $1";

/// Messages that have expired while they waited in a lane, with their conversations.
pub const EXPIRED: &str = "SELECT id, conversation_id FROM messages
    WHERE lane_position IS NOT NULL AND expires_at < now() ORDER BY conversation_id LIMIT $1";

/// Messages outside their lane that somebody must look at now, with their conversations, in the order in which they are due.
pub const POSTPONED: &str = "SELECT message_id, conversation_id FROM postponements WHERE look_at <= now()
    ORDER BY look_at, message_id LIMIT $1";

/// Which of these messages are due still, asked once their lanes are locked.
pub const STILL_POSTPONED: &str =
    "SELECT message_id FROM postponements WHERE message_id = ANY($1) AND look_at <= now()";

/// Puts a lane whose pointer came at a bad time back in line; it is admitted again by and by.
///
/// # Errors
/// When the database fails.
pub async fn back_in_line(pool: &Pool, lane: Uuid) -> Result<(), Error> {
    let sql = "UPDATE lanes SET state = 'ready', due_at = NULL, ready_at = now()
        WHERE conversation_id = $1 AND state = 'admitted'";
    let client = pool.get().await?;
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&lane]).await?;
    Ok(())
}

/// Runs a statement that returns ids in its first column.
///
/// # Errors
/// When the database fails.
pub async fn ids(pool: &Pool, sql: &str, most: i64) -> Result<Vec<Uuid>, Error> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, &[&most]).await?.iter().map(|row: &Row| row.get(0)).collect())
}
