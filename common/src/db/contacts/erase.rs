//! Marking a contact as to be forgotten: from here on nothing of it is shown, sent or added to. The relay does the rest.

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::locks;
use crate::db::Error;
use crate::db::message_history::{CHANNEL_EVENTS, first_since};
use crate::db::pipeline::channel_events::lane_key;
use crate::domain::ids::{ContactId, InboxId, OrganizationId};

/// Webhooks are repeated for up to seven days, and may wait for the database before they are stored.
const CHANNEL_MARGIN: TimeDelta = TimeDelta::days(8);

/// What became of the marking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It is marked now.
    Now(ContactId),
    /// It had been before.
    Before,
    /// There is no such contact.
    Unknown,
    /// Something else changed it at the same time: to be begun anew, in another transaction.
    Changed,
}

/// Marks a contact: its name and attributes go, its addresses lead nowhere, and what its channels told and nobody has worked
/// off is dropped. Whoever writes from one of its addresses afterwards is somebody new.
///
/// # Errors
/// When the database fails.
pub async fn mark(
    tx: &impl GenericClient,
    organization: OrganizationId,
    id: ContactId,
) -> Result<Marked, Error> {
    let sql = "SELECT id, erased_at IS NOT NULL FROM contacts WHERE organization_id = $1 AND id =
        (SELECT coalesce(merged_into, id) FROM contacts WHERE organization_id = $1 AND id = $2)";
    let row = tx.query_opt(&tx.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    let Some(row) = row else { return Ok(Marked::Unknown) };
    if row.try_get(1)? {
        return Ok(Marked::Before);
    }
    let id = ContactId(row.try_get(0)?);
    let Some(owned) = locks::lock(tx, organization, &[id.0]).await? else { return Ok(Marked::Changed) };
    let sql =
        "UPDATE contacts SET erased_at = now(), name = NULL, name_source = 'channel', avatar_url = NULL,
            attributes = '{}', blocked_at = NULL, opted_out_at = NULL, marketing_opted_out_at = NULL,
            opted_out_changed_at = NULL, marketing_changed_at = NULL, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    tx.execute(&tx.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    // Out of every list: a page that is read by state must not come short because of them.
    let sql = "UPDATE conversations SET state = 'erased' WHERE organization_id = $1 AND id = ANY($2)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&organization.0, &owned.conversations]).await?;
    let sql = "DELETE FROM read_receipts WHERE conversation_id = ANY($1)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&owned.conversations]).await?;
    let sql = "DELETE FROM contact_addresses WHERE conversation_id = ANY($1)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&owned.conversations]).await?;
    let sql = "UPDATE channel_events SET processed_at = now(), effect = 'erased', payload = '{}'
        WHERE lane_key = ANY($1) AND processed_at IS NULL";
    tx.execute(&tx.prepare_cached(sql).await?, &[&owned.lane_keys]).await?;
    let sql = "SELECT least(k.created_at, min(c.created_at)) FROM contacts k
        LEFT JOIN conversations c ON c.organization_id = k.organization_id AND c.contact_id = k.id
        WHERE k.organization_id = $1 AND k.id = $2 GROUP BY k.created_at";
    let since: DateTime<Utc> =
        tx.query_one(&tx.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?.try_get(0)?;
    let first = first_since(tx, CHANNEL_EVENTS, since - CHANNEL_MARGIN).await?;
    let sql =
        "INSERT INTO erasures (contact_id, organization_id, conversations, lane_keys, since, reached, last)
        VALUES ($1, $2, $3, $4, $5, $6, (SELECT coalesce(max(id), 0) FROM channel_events))";
    let statement = tx.prepare_cached(sql).await?;
    let mut lane_keys = owned.lane_keys;
    lane_keys.extend(fallback_lanes(tx, &owned.conversations).await?);
    let conversations = owned.conversations;
    tx.execute(&statement, &[&id.0, &organization.0, &conversations, &lane_keys, &since, &(first - 1)])
        .await?;
    Ok(Marked::Now(id))
}

/// The lanes in which another inbox was told of messages that went through it in place of the contact's own.
async fn fallback_lanes(tx: &impl GenericClient, conversations: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT i.fallback_inbox_id, c.address FROM conversations c JOIN inboxes i ON i.id = c.inbox_id
        WHERE c.id = ANY($1) AND i.fallback_inbox_id IS NOT NULL";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&conversations]).await?;
    rows.iter().map(|row| Ok(lane_key(InboxId(row.try_get(0)?), row.try_get(1)?))).collect()
}

/// The organization of a contact, in whichever it is; for the operator.
///
/// # Errors
/// When the database fails.
pub async fn find_organization(
    client: &impl GenericClient,
    id: ContactId,
) -> Result<Option<OrganizationId>, Error> {
    let row = client.query_opt("SELECT organization_id FROM contacts WHERE id = $1", &[&id.0]).await?;
    row.map(|row| Ok(OrganizationId(row.try_get(0)?))).transpose()
}
