//! Reply windows that close soon: found by index, told once each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use serde_json::json;
use tokio_postgres::Row;
use uuid::Uuid;

use super::pipeline::rows::EventRow;
use super::pipeline::{Changes, load};
use super::{Error, Tx};
use crate::domain::ids::{ContactId, ConversationId, InboxId, UserId};
use crate::problem::Timestamp;

/// How long before its end the closing of a window is told: time enough to answer, and not so early that most would still write.
pub const LEAD: Duration = Duration::from_secs(3_600);

/// Conversations whose window closes soon, which was not told yet. What has closed untold is not: it is in nobody's power.
pub const DUE: &str = "SELECT id FROM conversations
    WHERE window_told IS DISTINCT FROM window_expires_at AND window_expires_at > now()
        AND window_expires_at <= now() + $1 * interval '1 second'
    ORDER BY window_expires_at LIMIT $2";

/// Marks those of them for which it still holds, once their lanes are locked, and says what there is to tell.
const MARK: &str = "UPDATE conversations c SET window_told = c.window_expires_at
    FROM lanes l JOIN inboxes i ON i.id = l.inbox_id, contacts t
    WHERE l.conversation_id = ANY($1) AND c.organization_id = l.organization_id AND c.id = l.conversation_id
        AND t.organization_id = c.organization_id AND t.id = c.contact_id
        AND c.window_told IS DISTINCT FROM c.window_expires_at AND c.window_expires_at > now()
        AND c.window_expires_at <= now() + $2 * interval '1 second'
    RETURNING c.id, c.organization_id, c.inbox_id, c.window_expires_at, c.contact_id, t.name, c.address, c.assignee_id,
        (SELECT u.name FROM users u WHERE u.organization_id = c.organization_id AND u.id = c.assignee_id),
        i.deleted_at IS NULL AND c.state <> 'erased' AND t.erased_at IS NULL";

/// Tells of up to `most` windows that close soon; how many were found.
///
/// # Errors
/// When the database fails; then nothing was told.
pub async fn tell(pool: &Pool, most: i64) -> Result<usize, Error> {
    let lead = LEAD.as_secs_f64();
    let client = pool.get().await?;
    let rows = client.query(&client.prepare_cached(DUE).await?, &[&lead, &most]).await?;
    drop(client);
    let found = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    if found.is_empty() {
        return Ok(0);
    }
    let tx = Tx::open(pool).await?;
    let steps = [tx.step(load::LOCK, vec![&found]).await?, tx.step(MARK, vec![&found, &lead]).await?];
    let answers = tx.begin(&steps).await?;
    let mut changes = Changes::default();
    for row in answers.iter().flatten().filter(|row| row.len() > 1) {
        if row.try_get(9)? {
            changes.events.push(told(row)?);
        }
    }
    changes.commit(tx).await?;
    Ok(found.len())
}

fn told(row: &Row) -> Result<EventRow, Error> {
    let (conversation, inbox): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(2)?);
    let expires: DateTime<Utc> = row.try_get(3)?;
    let assignee = row.try_get::<_, Option<Uuid>>(7)?.map(UserId);
    let assignee = assignee
        .map(|id| Ok::<_, Error>(json!({ "userId": id, "name": row.try_get::<_, Option<String>>(8)? })))
        .transpose()?;
    let payload = json!({ "conversation": {
        "id": ConversationId(conversation), "inboxId": InboxId(inbox),
        "contact": {
            "id": ContactId(row.try_get(4)?), "name": row.try_get::<_, Option<String>>(5)?,
            "address": row.try_get::<_, String>(6)?,
        },
        "assignee": assignee,
        "messagingWindow": { "state": "OPEN", "expiresAt": Timestamp(expires) },
    }});
    Ok(EventRow {
        id: Uuid::now_v7(),
        organization_id: row.try_get(1)?,
        kind: "conversation.window_closing",
        inbox_id: Some(inbox),
        conversation_id: Some(conversation),
        message_id: None,
        payload: payload.to_string(),
    })
}
