//! `messages`, `message_timeline` and `attempts`, read: the messages of a conversation, and one with all that happened.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::Error;
use crate::domain::ids::{AttemptId, ConversationId, MessageId, OrganizationId};
use crate::domain::principal::Reach;
use crate::domain::view::{MessageView, Sender, TimelineEntry, shown};
use crate::problem::Timestamp;

/// Which messages of a conversation to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// From this one on, itself included.
    pub from: Option<MessageId>,
    /// Up to this one, itself included. Without `from`, the newest ones up to it.
    pub to: Option<MessageId>,
    /// At most so many.
    pub limit: i64,
}

/// One try at delivering a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id, which the provider echoes.
    pub id: AttemptId,
    /// The message's generation.
    pub generation: i32,
    /// Its number within the generation.
    pub number: i32,
    /// How it stands.
    pub state: String,
    /// Which worker made it.
    pub worker: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When its outcome was known.
    pub ended_at: Option<DateTime<Utc>>,
    /// The provider's id of the message, if it was accepted.
    pub provider_message_id: Option<String>,
    /// The provider's code, if it was refused.
    pub provider_code: Option<String>,
    /// More, for people.
    pub detail: Option<String>,
}

const COLUMNS: &str =
    "id, conversation_id, direction, at, content, status, sender_type, sender_id, sender_name, reply_to,
    reactions, failure, provider_message_id, client_reference, scheduled_at, edited_at, deleted_at,
    context, sender_viewer_id";

fn read(row: &Row) -> Result<MessageView, Error> {
    let sender_type = row.try_get::<_, &str>(6)?.parse().map_err(Error::Stored)?;
    Ok(MessageView {
        id: MessageId(row.try_get(0)?),
        conversation_id: ConversationId(row.try_get(1)?),
        direction: row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?,
        timestamp: Timestamp(row.try_get(3)?),
        content: json(row, 4)?.ok_or_else(|| Error::Stored("a message without content".into()))?,
        status: row.try_get::<_, &str>(5)?.parse().map_err(Error::Stored)?,
        sender: Sender {
            r#type: sender_type,
            id: row.try_get(7)?,
            name: row.try_get(8)?,
            viewer: row.try_get(18)?,
        }
        .view(),
        reply_to: row.try_get::<_, Option<_>>(9)?.map(MessageId),
        reactions: shown(json(row, 10)?.unwrap_or_default()),
        failure: json(row, 11)?,
        provider_message_id: row.try_get(12)?,
        scheduled_at: row.try_get::<_, Option<_>>(14)?.map(Timestamp),
        edited_at: row.try_get::<_, Option<_>>(15)?.map(Timestamp),
        deleted_at: row.try_get::<_, Option<_>>(16)?.map(Timestamp),
        context: json(row, 17)?,
        client_reference: row.try_get(13)?,
        timeline: None,
    })
}

fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, Error> {
    let raw: Option<Json<&RawValue>> = row.try_get(column)?;
    raw.map(|raw| serde_json::from_str(raw.0.get()))
        .transpose()
        .map_err(|error| Error::Stored(format!("message column {column}: {error}")))
}

/// Messages of a conversation in the order of their ids, which is the order they were stored in.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    conversation: ConversationId,
    range: Range,
) -> Result<Vec<MessageView>, Error> {
    let newest = range.from.is_none() && range.to.is_some();
    let order = if newest { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages
        WHERE organization_id = $1 AND conversation_id = $2 AND id BETWEEN $3 AND $4 ORDER BY id {order} LIMIT $5"
    );
    let statement = client.prepare_cached(&sql).await?;
    let from = range.from.map_or(Uuid::nil(), |id| id.0);
    let to = range.to.map_or(Uuid::max(), |id| id.0);
    let rows =
        client.query(&statement, &[&organization.0, &conversation.0, &from, &to, &range.limit]).await?;
    let mut messages = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if newest {
        messages.reverse();
    }
    Ok(messages)
}

/// A page of a conversation's files, newest first: the messages of media types before `before`.
///
/// # Errors
/// When the database fails.
pub async fn list_media(
    client: &impl GenericClient,
    organization: OrganizationId,
    conversation: ConversationId,
    before: Option<MessageId>,
    limit: i64,
) -> Result<Vec<MessageView>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages
        WHERE organization_id = $1 AND conversation_id = $2 AND id < $3
            AND content ->> 'type' IN ('image', 'video', 'audio', 'document', 'sticker') ORDER BY id DESC LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await?;
    let before = before.map_or(Uuid::max(), |id| id.0);
    let rows = client.query(&statement, &[&organization.0, &conversation.0, &before, &limit]).await?;
    rows.iter().map(read).collect()
}

/// The organization's message with this id, with its timeline, if its conversation is within reach.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    reach: &Reach,
    id: MessageId,
) -> Result<Option<MessageView>, Error> {
    // One statement, so that the message stands as the last entry of its timeline left it.
    let sql = format!(
        "SELECT {COLUMNS}, happened_at, event, attempt, detail FROM messages LEFT JOIN (
            SELECT message_id, id AS place, at AS happened_at, event, attempt, detail FROM message_timeline
        ) t ON t.message_id = messages.id WHERE organization_id = $1 AND messages.id = $2 AND NOT EXISTS (
            SELECT 1 FROM conversations c
            JOIN contacts k ON k.organization_id = c.organization_id AND k.id = c.contact_id
            WHERE c.organization_id = $1 AND c.id = messages.conversation_id AND (k.erased_at IS NOT NULL
                OR NOT ($3::uuid[] IS NULL OR c.inbox_id = ANY($3))
                OR NOT ($4::uuid IS NULL OR c.assignee_id IS NOT DISTINCT FROM $4))
        ) ORDER BY place"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&organization.0, &id.0, &reach.inboxes, &reach.assignee]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut message = read(first)?;
    message.timeline =
        Some(rows.iter().filter_map(|row| timeline_entry(row).transpose()).collect::<Result<_, _>>()?);
    Ok(Some(message))
}

/// The conversation of the organization's message with this id.
///
/// # Errors
/// When the database fails.
pub async fn find_conversation(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: MessageId,
) -> Result<Option<ConversationId>, Error> {
    let sql = "SELECT conversation_id FROM messages WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0]).await?;
    row.map(|row| Ok(ConversationId(row.try_get(0)?))).transpose()
}

/// The organization of a message, in whichever it is; for the operator.
///
/// # Errors
/// When the database fails.
pub async fn find_organization(
    client: &impl GenericClient,
    id: MessageId,
) -> Result<Option<OrganizationId>, Error> {
    let statement = client.prepare_cached("SELECT organization_id FROM messages WHERE id = $1").await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    row.map(|row| Ok(OrganizationId(row.try_get(0)?))).transpose()
}

/// What happened, by a row of `find`; nothing, if nothing has.
fn timeline_entry(row: &Row) -> Result<Option<TimelineEntry>, Error> {
    let Some(at) = row.try_get("happened_at")? else { return Ok(None) };
    let (event, attempt, detail) = (row.try_get("event")?, row.try_get("attempt")?, row.try_get("detail")?);
    Ok(Some(TimelineEntry::new(Timestamp(at), event, attempt, detail)))
}

/// The tries at delivering a message, in order.
///
/// # Errors
/// When the database fails.
pub async fn attempts(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: MessageId,
) -> Result<Vec<Attempt>, Error> {
    let sql = "SELECT id, generation, number, state, worker, started_at, ended_at, provider_message_id, provider_code,
            detail
        FROM attempts WHERE organization_id = $1 AND message_id = $2 ORDER BY generation, number";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&organization.0, &id.0]).await?;
    rows.iter()
        .map(|row| {
            Ok(Attempt {
                id: AttemptId(row.try_get(0)?),
                generation: row.try_get(1)?,
                number: row.try_get(2)?,
                state: row.try_get(3)?,
                worker: row.try_get(4)?,
                started_at: row.try_get(5)?,
                ended_at: row.try_get(6)?,
                provider_message_id: row.try_get(7)?,
                provider_code: row.try_get(8)?,
                detail: row.try_get(9)?,
            })
        })
        .collect()
}
