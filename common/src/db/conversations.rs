//! `conversations`, read: the list and one of it.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use crate::channels::Channel;
use crate::domain::ids::{ContactId, ConversationId, InboxId, MessageId, OrganizationId, TeamId, UserId};
use crate::domain::view::{
    AssigneeView, ContactView, ConversationState, ConversationView, LastMessageView, can_send,
};
use crate::problem::{MessagingWindow, Timestamp};

/// Which conversations to list, and where to go on.
#[derive(Debug, Clone)]
pub struct Filter {
    /// With a message at or after this time.
    pub since: Option<DateTime<Utc>>,
    /// On one of these channels, or in one of `inboxes`; both empty means everywhere.
    pub channels: Vec<String>,
    /// In one of these inboxes, or on one of `channels`.
    pub channel_inboxes: Vec<InboxId>,
    /// In this inbox.
    pub inbox: Option<InboxId>,
    /// With messages that nobody has read.
    pub unread_only: bool,
    /// In this state.
    pub state: ConversationState,
    /// Newest first.
    pub descending: bool,
    /// The last one of the page before.
    pub after: Option<Position>,
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the conversation last had a message.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: ConversationId,
}

const SELECT: &str = "SELECT c.id, c.inbox_id, c.channel, c.contact_id, k.name, c.address, k.avatar_url, c.state,
        c.unread_count, c.assignee_id, u.name, u.avatar_url, c.team_id, c.last_message_id, c.last_message_direction,
        c.last_message_preview, c.last_message_at, c.window_expires_at, c.created_at, c.updated_at
    FROM conversations c
    JOIN contacts k ON k.organization_id = c.organization_id AND k.id = c.contact_id
    LEFT JOIN users u ON u.organization_id = c.organization_id AND u.id = c.assignee_id";

fn read(row: &Row, now: DateTime<Utc>) -> Result<ConversationView, Error> {
    let channel: Channel = row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?;
    let last_message_at = Timestamp(row.try_get(16)?);
    let window = MessagingWindow::at(now, row.try_get(17)?);
    let can_send = can_send(channel, window.state).iter().map(|&kind| kind.to_owned()).collect();
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

/// The organization's conversation with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ConversationId,
) -> Result<Option<ConversationView>, Error> {
    let statement =
        client.prepare_cached(&format!("{SELECT} WHERE c.organization_id = $1 AND c.id = $2")).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0]).await?;
    row.map(|row| read(&row, Utc::now())).transpose()
}

/// Whether the organization has this conversation.
///
/// # Errors
/// When the database fails.
pub async fn exists(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ConversationId,
) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM conversations WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_opt(&statement, &[&organization.0, &id.0]).await?.is_some())
}

/// A page of the organization's conversations: each with its exact place for the next page.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<(ConversationView, Position)>, Error> {
    let state = filter.state.as_str();
    let inbox_ids: Vec<Uuid> = filter.channel_inboxes.iter().map(|id| id.0).collect();
    let mut query = Query { sql: SELECT.to_owned(), params: Vec::new() };
    query.condition(" WHERE c.organization_id = ", &organization.0);
    query.condition(" AND c.state = ", &state);
    if let Some(since) = &filter.since {
        query.condition(" AND c.last_message_at >= ", since);
    }
    if let Some(inbox) = &filter.inbox {
        query.condition(" AND c.inbox_id = ", &inbox.0);
    }
    if !filter.channels.is_empty() || !inbox_ids.is_empty() {
        query.condition(" AND (c.channel = ANY(", &filter.channels);
        query.condition(") OR c.inbox_id = ANY(", &inbox_ids);
        query.sql.push_str("))");
    }
    if filter.unread_only {
        query.sql.push_str(" AND c.unread_count > 0");
    }
    let (comparison, order) = if filter.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some(after) = &filter.after {
        query.condition(&format!(" AND (c.last_message_at, c.id) {comparison} ("), &after.at);
        query.condition(", ", &after.id.0);
        query.sql.push(')');
    }
    query.condition(&format!(" ORDER BY c.last_message_at {order}, c.id {order} LIMIT "), &limit);
    let statement = client.prepare_cached(&query.sql).await?;
    let now = Utc::now();
    let rows = client.query(&statement, &query.params).await?;
    rows.iter()
        .map(|row| {
            let view = read(row, now)?;
            let position = Position { at: view.last_message_date.0, id: view.id };
            Ok((view, position))
        })
        .collect()
}

/// A statement that grows by the conditions in use; each combination is prepared once for each connection.
struct Query<'a> {
    sql: String,
    params: Vec<&'a (dyn ToSql + Sync)>,
}

impl<'a> Query<'a> {
    /// Adds a piece of SQL that ends in a parameter.
    fn condition(&mut self, sql: &str, param: &'a (dyn ToSql + Sync)) {
        self.params.push(param);
        let number = self.params.len();
        let _infallible = write!(self.sql, "{sql}${number}");
    }
}
