//! `conversations`: one of them, the list with its filters, search, and what clients change.

pub mod change;
pub mod list;
pub mod search;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Error;
use crate::channels::Channel;
use crate::domain::ids::{ContactId, ConversationId, InboxId, MessageId, OrganizationId, TeamId, UserId};
use crate::domain::principal::Reach;
use crate::domain::view::{AssigneeView, ContactView, ConversationView, LastMessageView, can_send};
use crate::problem::{MessagingWindow, Timestamp};

pub use list::{Assigned, Filter, Position, list, list_of_contact};
pub use search::search;

const SELECT: &str = "SELECT c.id, c.inbox_id, c.channel, c.contact_id, k.name, c.address, k.avatar_url, c.state,
        c.unread_count, c.assignee_id, u.name, u.avatar_url, c.team_id, c.last_message_id, c.last_message_direction,
        c.last_message_preview, c.last_message_at, c.window_expires_at, c.created_at, c.updated_at,
        num_nonnulls(k.blocked_at, k.opted_out_at) > 0
            OR EXISTS (SELECT 1 FROM inboxes i WHERE i.id = c.inbox_id AND i.deleted_at IS NOT NULL) AS refused
    FROM conversations c
    JOIN contacts k ON k.organization_id = c.organization_id AND k.id = c.contact_id AND k.erased_at IS NULL
    LEFT JOIN users u ON u.organization_id = c.organization_id AND u.id = c.assignee_id";

fn read(row: &Row, now: DateTime<Utc>) -> Result<ConversationView, Error> {
    let channel: Channel = row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?;
    let last_message_at = Timestamp(row.try_get(16)?);
    let window = MessagingWindow::at(channel, now, row.try_get(17)?);
    let possible = if row.try_get("refused")? { &[] } else { can_send(channel, window.state) };
    let can_send = possible.iter().map(|&kind| kind.to_owned()).collect();
    let assignee = match row.try_get::<_, Option<Uuid>>(9)? {
        Some(id) => {
            Some(AssigneeView { user_id: UserId(id), name: row.try_get(10)?, avatar_url: row.try_get(11)? })
        }
        None => None,
    };
    let last_message = match row.try_get::<_, Option<Uuid>>(13)? {
        Some(id) => Some(LastMessageView {
            id: MessageId(id),
            direction: row.try_get::<_, &str>(14)?.parse().map_err(Error::Stored)?,
            preview: row.try_get::<_, Option<_>>(15)?.unwrap_or_default(),
            timestamp: last_message_at,
        }),
        None => None,
    };
    Ok(ConversationView {
        id: ConversationId(row.try_get(0)?),
        inbox_id: InboxId(row.try_get(1)?),
        channel,
        contact: ContactView {
            id: ContactId(row.try_get(3)?),
            name: row.try_get(4)?,
            address: row.try_get(5)?,
            avatar_url: row.try_get(6)?,
        },
        state: row.try_get::<_, &str>(7)?.parse().map_err(Error::Stored)?,
        unread_count: row.try_get(8)?,
        assignee,
        team_id: row.try_get::<_, Option<_>>(12)?.map(TeamId),
        last_message,
        last_message_date: last_message_at,
        messaging_window: window,
        can_send,
        created_at: Timestamp(row.try_get(18)?),
        updated_at: Timestamp(row.try_get(19)?),
    })
}

/// The organization's conversation with this id, if there is one within reach.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    reach: &Reach,
    id: ConversationId,
) -> Result<Option<ConversationView>, Error> {
    let sql = format!(
        "{SELECT} WHERE c.organization_id = $1 AND c.id = $2
            AND ($3::uuid[] IS NULL OR c.inbox_id = ANY($3)) AND ($4::uuid IS NULL OR c.assignee_id = $4)"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row =
        client.query_opt(&statement, &[&organization.0, &id.0, &reach.inboxes, &reach.assignee]).await?;
    row.map(|row| read(&row, Utc::now())).transpose()
}

/// Whether the organization has this conversation within reach.
///
/// # Errors
/// When the database fails.
pub async fn exists(
    client: &impl GenericClient,
    organization: OrganizationId,
    reach: &Reach,
    id: ConversationId,
) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM conversations c
        JOIN contacts k ON k.organization_id = c.organization_id AND k.id = c.contact_id AND k.erased_at IS NULL
        WHERE c.organization_id = $1 AND c.id = $2
            AND ($3::uuid[] IS NULL OR c.inbox_id = ANY($3)) AND ($4::uuid IS NULL OR c.assignee_id = $4)";
    let statement = client.prepare_cached(sql).await?;
    let found =
        client.query_opt(&statement, &[&organization.0, &id.0, &reach.inboxes, &reach.assignee]).await?;
    Ok(found.is_some())
}
