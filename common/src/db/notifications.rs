//! `notifications`: emails that wait, are due, are being sent, or are done with.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::Error;
use super::notification_preferences::Preferences;
use crate::domain::content::Content;

/// An email that this process is to send now, or to find that there is nothing left to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Its id, which makes its Message-ID.
    pub id: Uuid,
    /// The number of this try; a record with an older one moves nothing.
    pub attempt: i32,
    /// When the first event of it was noted.
    pub created_at: DateTime<Utc>,
    /// Whether it tells of an endpoint, and not of a conversation.
    pub of_webhook: bool,
}

/// Takes the email that has been due for longest; nobody else takes it while the lease lasts.
///
/// # Errors
/// When the database fails.
pub async fn claim(client: &impl GenericClient, lease: Duration) -> Result<Option<Claim>, Error> {
    let sql = "UPDATE notifications
        SET state = 'sending', attempts = attempts + 1, due_at = now() + $1 * interval '1 second'
        WHERE id = ANY(ARRAY(SELECT id FROM notifications WHERE ended_at IS NULL AND due_at <= now()
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED))
        RETURNING id, attempts, created_at, webhook_id IS NOT NULL";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&lease.as_secs_f64()]).await?;
    row.map(|row| {
        Ok(Claim {
            id: row.try_get(0)?,
            attempt: row.try_get(1)?,
            created_at: row.try_get(2)?,
            of_webhook: row.try_get(3)?,
        })
    })
    .transpose()
}

/// Everything that an email says, as it is now, and what decides whether it is sent at all.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Whether it tells of the assignment.
    pub assigned: bool,
    /// Whether it tells of messages.
    pub messages: bool,
    /// Whom it is for.
    pub user_name: String,
    /// Their address.
    pub user_email: String,
    /// Whether they were removed.
    pub user_disabled: bool,
    /// Whether the conversation is still theirs.
    pub is_assignee: bool,
    /// What they want to be told.
    pub preferences: Preferences,
    /// The conversation.
    pub conversation: Uuid,
    /// Messages of the contact that nobody has read.
    pub unread: i32,
    /// The contact's name.
    pub contact_name: Option<String>,
    /// The contact's address.
    pub contact_address: String,
    /// The inbox's name.
    pub inbox_name: String,
    /// What the newest message says, shortened; of the conversation if the email tells of none.
    pub preview: Option<String>,
}

/// What a claimed email says now; none if the conversation is no longer there.
///
/// # Errors
/// When the database fails.
pub async fn find(client: &impl GenericClient, id: Uuid) -> Result<Option<Notification>, Error> {
    let sql = "SELECT n.assigned, n.message_id IS NOT NULL, u.name, u.email, u.disabled_at IS NOT NULL,
            c.assignee_id IS NOT DISTINCT FROM n.user_id, coalesce(p.assignments, true), coalesce(p.messages, true),
            coalesce(p.email, true), c.id, c.unread_count, t.name, c.address, i.name, c.last_message_preview, m.content
        FROM notifications n
        JOIN users u ON u.organization_id = n.organization_id AND u.id = n.user_id
        JOIN conversations c ON c.organization_id = n.organization_id AND c.id = n.conversation_id
        JOIN contacts t ON t.organization_id = c.organization_id AND t.id = c.contact_id
        JOIN inboxes i ON i.organization_id = c.organization_id AND i.id = c.inbox_id
        LEFT JOIN notification_preferences p ON p.organization_id = n.organization_id AND p.user_id = n.user_id
        LEFT JOIN messages m ON m.id = n.message_id AND m.organization_id = n.organization_id
        WHERE n.id = $1";
    let statement = client.prepare_cached(sql).await?;
    client.query_opt(&statement, &[&id]).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Notification, Error> {
    // A content that this version does not know is no reason to tell nothing.
    let content: Option<Json<&RawValue>> = row.try_get(15)?;
    let message = content.and_then(|content| serde_json::from_str::<Content>(content.0.get()).ok());
    let latest: Option<String> = row.try_get(14)?;
    let messages: bool = row.try_get(1)?;
    Ok(Notification {
        assigned: row.try_get(0)?,
        messages,
        user_name: row.try_get(2)?,
        user_email: row.try_get(3)?,
        user_disabled: row.try_get(4)?,
        is_assignee: row.try_get(5)?,
        preferences: Preferences {
            assignments: row.try_get(6)?,
            messages: row.try_get(7)?,
            email: row.try_get(8)?,
        },
        conversation: row.try_get(9)?,
        unread: row.try_get(10)?,
        contact_name: row.try_get(11)?,
        contact_address: row.try_get(12)?,
        inbox_name: row.try_get(13)?,
        preview: if messages { message.map(|message| message.preview()) } else { latest },
    })
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End<'a> {
    /// The mail server took it.
    Sent,
    /// There was nothing left to tell: why, as a word.
    Dropped(&'static str),
    /// It cannot be sent: why, as a word, and in the mail server's words.
    Failed(&'static str, &'a str),
    /// It is tried again after a while: why, as a word, and in the mail server's words.
    Again(Duration, &'static str, &'a str),
}

/// An email that must be tried again gives way to one that waits by then, which tells all that it would have told: so that a
/// mail server that was away for hours does not bring as many emails.
const RECORD: &str = "WITH later AS (
        UPDATE notifications w SET assigned = w.assigned OR n.assigned,
            due_at = greatest(w.due_at, now() + $6 * interval '1 second')
        FROM notifications n
        WHERE $3 = 'sending' AND n.id = $1 AND n.attempts = $2 AND n.state = 'sending'
            AND w.conversation_id = n.conversation_id AND w.user_id = n.user_id AND w.state = 'waiting'
        RETURNING w.id
    ), ended AS (
        SELECT CASE WHEN EXISTS (SELECT FROM later) THEN 'dropped' ELSE $3 END AS state,
            CASE WHEN EXISTS (SELECT FROM later) THEN 'superseded' ELSE $4 END AS reason
    )
    UPDATE notifications n SET state = ended.state, reason = ended.reason, detail = $5,
        ended_at = CASE WHEN ended.state <> 'sending' THEN now() END,
        due_at = CASE WHEN ended.state = 'sending' THEN now() + $6 * interval '1 second' ELSE n.due_at END
    FROM ended WHERE n.id = $1 AND n.attempts = $2 AND n.state = 'sending'";

/// Records how a try ended; false if its lease was lost, and then nothing is changed.
///
/// # Errors
/// When the database fails.
pub async fn record(client: &impl GenericClient, claim: Claim, end: End<'_>) -> Result<bool, Error> {
    let (state, reason, detail, wait) = match end {
        End::Sent => ("sent", None, None, Duration::ZERO),
        End::Dropped(reason) => ("dropped", Some(reason), None, Duration::ZERO),
        End::Failed(reason, detail) => ("failed", Some(reason), Some(detail), Duration::ZERO),
        End::Again(wait, reason, detail) => ("sending", Some(reason), Some(detail), wait),
    };
    let statement = client.prepare_cached(RECORD).await?;
    let params: [&(dyn ToSql + Sync); 6] =
        [&claim.id, &claim.attempt, &state, &reason, &detail, &wait.as_secs_f64()];
    Ok(client.execute(&statement, &params).await? == 1)
}

/// What waits to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Emails that are due.
    pub due: i64,
    /// Seconds for which the oldest of them has been due.
    pub due_seconds: i64,
    /// Events not read yet.
    pub events: i64,
    /// Age in seconds of the oldest of them.
    pub events_seconds: i64,
}

/// How far behind the notifications are.
///
/// # Errors
/// When the database fails.
pub async fn lag(client: &impl GenericClient) -> Result<Lag, Error> {
    let sql = "WITH behind AS (
            SELECT s.last_seq - coalesce(c.seq, 0) AS events, e.at
            FROM event_sequences s LEFT JOIN notification_cursors c ON c.organization_id = s.organization_id
            JOIN events e ON e.organization_id = s.organization_id AND e.seq = coalesce(c.seq, 0) + 1
            WHERE s.last_seq > coalesce(c.seq, 0)
        ), due AS (
            SELECT count(*) AS emails, min(due_at) AS since FROM notifications WHERE ended_at IS NULL AND due_at <= now()
        )
        SELECT due.emails, coalesce(extract(epoch FROM now() - due.since), 0)::bigint,
            (SELECT coalesce(sum(events), 0)::bigint FROM behind),
            (SELECT coalesce(extract(epoch FROM now() - min(at)), 0)::bigint FROM behind)
        FROM due";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Lag {
        due: row.try_get(0)?,
        due_seconds: row.try_get(1)?,
        events: row.try_get(2)?,
        events_seconds: row.try_get(3)?,
    })
}
