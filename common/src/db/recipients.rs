//! Whom a client means: the conversation of an address or a contact, or what it takes to begin one.

use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::Error;
use crate::channels::Channel;
use crate::domain::contact::Standing;
use crate::domain::ids::{ContactId, ConversationId, InboxId, OrganizationId};

/// An inbox that is to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingInbox {
    /// Its id.
    pub id: InboxId,
    /// Its channel.
    pub channel: Channel,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A contact and where it can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// The contact: that into which the one asked for was merged, if it was.
    pub contact: ContactId,
    /// What speaks against writing to it.
    pub standing: Standing,
    /// Its name.
    pub name: Option<String>,
    /// Its conversations, the one with the newest message first.
    pub conversations: Vec<Reached>,
}

/// A conversation with a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its inbox.
    pub inbox: InboxId,
    /// The inbox's channel.
    pub channel: Channel,
    /// The contact's address.
    pub address: String,
}

/// The organization's inbox with this id, a deleted one included.
///
/// # Errors
/// When the database fails.
pub async fn find_inbox(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
) -> Result<Option<SendingInbox>, Error> {
    let sql = "SELECT channel, deleted_at IS NOT NULL FROM inboxes WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0]).await?;
    row.map(|row| {
        let channel = row.try_get::<_, &str>(0)?.parse().map_err(Error::Stored)?;
        Ok(SendingInbox { id, channel, deleted: row.try_get(1)? })
    })
    .transpose()
}

/// The conversation to which an address leads on an inbox.
///
/// # Errors
/// When the database fails.
pub async fn find_by_address(
    client: &impl GenericClient,
    inbox: InboxId,
    address: &str,
) -> Result<Option<ConversationId>, Error> {
    let sql = "SELECT conversation_id FROM contact_addresses WHERE inbox_id = $1 AND address = $2";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&inbox.0, &address]).await?;
    row.map(|row| Ok(ConversationId(row.try_get(0)?))).transpose()
}

/// The organization's contact with this id, and where it can be reached.
///
/// # Errors
/// When the database fails.
pub async fn find_contact(
    client: &impl GenericClient,
    organization: OrganizationId,
    contact: ContactId,
) -> Result<Option<Reachable>, Error> {
    let sql = "SELECT t.name, c.id, c.inbox_id, c.channel, c.address, t.id,
            CASE WHEN t.blocked_at IS NOT NULL THEN 'blocked' WHEN t.opted_out_at IS NOT NULL THEN 'opted_out'
                ELSE 'reachable' END
        FROM contacts t LEFT JOIN conversations c ON c.organization_id = t.organization_id AND c.contact_id = t.id
        WHERE t.organization_id = $1 AND t.erased_at IS NULL AND t.id = (
            SELECT coalesce(merged_into, id) FROM contacts WHERE organization_id = $1 AND id = $2)
        ORDER BY c.last_message_at DESC, c.id";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&organization.0, &contact.0]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut conversations = Vec::new();
    for row in &rows {
        if let Some(id) = row.try_get::<_, Option<Uuid>>(1)? {
            conversations.push(Reached {
                conversation: ConversationId(id),
                inbox: InboxId(row.try_get(2)?),
                channel: row.try_get::<_, &str>(3)?.parse().map_err(Error::Stored)?,
                address: row.try_get(4)?,
            });
        }
    }
    Ok(Some(Reachable {
        contact: ContactId(first.try_get(5)?),
        standing: first.try_get::<_, &str>(6)?.parse().map_err(Error::Stored)?,
        name: first.try_get(0)?,
        conversations,
    }))
}
