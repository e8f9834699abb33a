//! `read_receipts`: which conversations' providers are still to be told that we have read.

use deadpool_postgres::{GenericClient, Pool};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Error;
use crate::channels::Channel;
use crate::domain::ids::{ConversationId, OrganizationId};
use crate::trace::TraceId;

/// A receipt that is to be sent now.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The conversation.
    pub conversation: Uuid,
    /// Its inbox.
    pub inbox: Uuid,
    /// The newest message that was read.
    pub message: Uuid,
    /// The contact's address.
    pub contact: String,
    /// The provider's id of it.
    pub provider_message_id: String,
    /// Tries that failed.
    pub failures: i32,
    /// The request it came from.
    pub trace: Uuid,
}

/// Asks for a receipt of a conversation's newest message from the contact, in place of one that waits; says whether there is
/// such a message, and the channel takes receipts.
///
/// # Errors
/// When the database fails.
pub async fn ask(
    client: &impl GenericClient,
    organization: OrganizationId,
    conversation: ConversationId,
    trace: TraceId,
) -> Result<bool, Error> {
    let sql = "INSERT INTO read_receipts AS r
            (conversation_id, organization_id, inbox_id, channel, message_id, provider_message_id, trace_id)
        SELECT c.id, c.organization_id, c.inbox_id, c.channel, m.id, m.provider_message_id, $3
        FROM conversations c CROSS JOIN LATERAL (
            SELECT id, provider_message_id FROM messages
            WHERE conversation_id = c.id AND direction = 'inbound' AND provider_message_id IS NOT NULL
            ORDER BY id DESC LIMIT 1) m
        WHERE c.organization_id = $1 AND c.id = $2 AND c.channel = ANY($4)
        ON CONFLICT (conversation_id) DO UPDATE SET message_id = excluded.message_id, created_at = now(),
            provider_message_id = excluded.provider_message_id, trace_id = excluded.trace_id,
            failures = CASE WHEN r.message_id = excluded.message_id THEN r.failures ELSE 0 END,
            due_at = CASE WHEN r.message_id = excluded.message_id THEN r.due_at ELSE now() END";
    let statement = client.prepare_cached(sql).await?;
    let channels = Channel::ALL.iter().filter(|channel| channel.takes_receipts());
    let channels: Vec<&str> = channels.map(|channel| channel.as_str()).collect();
    Ok(client.execute(&statement, &[&organization.0, &conversation.0, &trace.0, &channels]).await? == 1)
}

/// Takes receipts that are due on a channel, so that no other worker sends them meanwhile. Those of a closed gate wait, and those of a deleted inbox for ever.
const TAKE: &str = "UPDATE read_receipts r SET due_at = now() + interval '60 seconds'
    WHERE r.conversation_id = ANY(ARRAY(
        SELECT d.conversation_id FROM read_receipts d WHERE d.channel = $1 AND d.due_at <= now()
            AND NOT EXISTS (SELECT 1 FROM inboxes i WHERE i.id = d.inbox_id AND (i.gate = 'closed' OR i.deleted_at IS NOT NULL))
        ORDER BY d.due_at LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING r.conversation_id, r.inbox_id, r.message_id, r.provider_message_id, r.failures, r.trace_id,
        coalesce((SELECT c.address FROM conversations c WHERE c.organization_id = r.organization_id AND c.id = r.conversation_id), '')";

/// Takes at most `most` receipts that are due; what comes of each is to be told by `done` or `failed`, else it comes again.
///
/// # Errors
/// When the database fails.
pub async fn take(pool: &Pool, channel: Channel, most: i64) -> Result<Vec<Receipt>, Error> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(TAKE).await?;
    client.query(&statement, &[&channel.as_str(), &most]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Receipt, Error> {
    Ok(Receipt {
        conversation: row.try_get(0)?,
        inbox: row.try_get(1)?,
        message: row.try_get(2)?,
        contact: row.try_get(6)?,
        provider_message_id: row.try_get(3)?,
        failures: row.try_get(4)?,
        trace: row.try_get(5)?,
    })
}

/// The provider was told, or will never listen. A receipt of a newer message, asked for meanwhile, stays.
///
/// # Errors
/// When the database fails.
pub async fn done(pool: &Pool, receipt: &Receipt) -> Result<(), Error> {
    let client = pool.get().await?;
    let sql = "DELETE FROM read_receipts WHERE conversation_id = $1 AND message_id = $2";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&receipt.conversation, &receipt.message]).await?;
    Ok(())
}

/// The provider was not told; again after `seconds`.
///
/// # Errors
/// When the database fails.
pub async fn failed(pool: &Pool, receipt: &Receipt, seconds: f64) -> Result<(), Error> {
    let client = pool.get().await?;
    let sql = "UPDATE read_receipts SET failures = failures + 1, due_at = now() + $3 * interval '1 second'
        WHERE conversation_id = $1 AND message_id = $2";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&receipt.conversation, &receipt.message, &seconds]).await?;
    Ok(())
}
