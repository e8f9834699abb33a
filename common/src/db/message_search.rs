//! `message_search` and `search_progress`: the words of messages, written behind the event log.

use std::collections::HashMap;

use deadpool_postgres::{GenericClient, Pool};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Error, Tx};
use crate::db::pipeline::load::json;
use crate::domain::ids::{ConversationId, OrganizationId};
use crate::domain::search;

/// Any fixed number. Whoever writes here holds it: what is read of a message is written before anything newer is.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(4973601482366)";

/// The next events of organizations that are behind, by their numbers, which are seen in order whatever commits late.
const NEXT: &str = "SELECT p.organization_id, e.seq, e.conversation_id,
        CASE WHEN e.type IN ('message.received', 'message.created', 'message.updated') THEN e.message_id END
    FROM (
        SELECT s.organization_id, coalesce(p.seq, 0) AS seq
        FROM event_sequences s LEFT JOIN search_progress p ON p.organization_id = s.organization_id
        WHERE s.organization_id > $1 AND s.last_seq > coalesce(p.seq, 0) ORDER BY s.organization_id LIMIT $2
    ) p CROSS JOIN LATERAL (
        SELECT seq, type, conversation_id, message_id FROM events
        WHERE organization_id = p.organization_id AND seq > p.seq ORDER BY seq LIMIT $3
    ) e ORDER BY p.organization_id, e.seq";

const MESSAGES: &str =
    "SELECT id, organization_id, conversation_id, content FROM messages WHERE id = ANY($1)";

const WRITE: &str = "INSERT INTO message_search AS s (organization_id, conversation_id, message_id, document)
    SELECT o, c, m, d::tsvector FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS r (o, c, m, d)
    ON CONFLICT (conversation_id, message_id) DO UPDATE SET document = excluded.document
        WHERE s.document <> excluded.document";

const REMOVE: &str = "DELETE FROM message_search s USING unnest($1::uuid[], $2::uuid[]) AS r (c, m)
    WHERE s.conversation_id = r.c AND s.message_id = r.m";

const PROGRESS: &str = "INSERT INTO search_progress AS p (organization_id, seq)
    SELECT * FROM unnest($1::uuid[], $2::bigint[])
    ON CONFLICT (organization_id) DO UPDATE SET seq = greatest(p.seq, excluded.seq)";

/// What one step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// The last organization that was looked at; none when no more of them is behind.
    pub last: Option<Uuid>,
    /// Whether some organization has more than was taken.
    pub more: bool,
}

/// How far search is behind the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// Events that have not been taken up.
    pub events: i64,
    /// Age of the oldest of them.
    pub seconds: i64,
}

/// How much one step takes.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// Most organizations.
    pub organizations: i64,
    /// Most events of each.
    pub events: i64,
}

#[derive(Default)]
struct Documents {
    organizations: Vec<Uuid>,
    conversations: Vec<Uuid>,
    messages: Vec<Uuid>,
    documents: Vec<String>,
}

/// Takes up the next events of the organizations after `after`: each message of theirs is written as it now stands. All of it
/// commits with the progress, so a step that dies is done again.
///
/// # Errors
/// When the database fails; then nothing is written.
pub async fn follow(pool: &Pool, after: Uuid, portion: Portion) -> Result<Followed, Error> {
    let tx = Tx::open(pool).await?;
    let next =
        vec![&after as &(dyn tokio_postgres::types::ToSql + Sync), &portion.organizations, &portion.events];
    let steps = [tx.step(LOCK, vec![]).await?, tx.step(NEXT, next).await?];
    let events = tx.begin(&steps).await?.pop().unwrap_or_default();
    if events.is_empty() {
        tx.rollback().await?;
        return Ok(Followed { last: None, more: false });
    }
    let (organizations, reached, more) = reached(&events, portion.events)?;
    let mut touched: HashMap<Uuid, Uuid> = HashMap::new();
    for row in &events {
        if let (Some(conversation), Some(message)) = (row.try_get(2)?, row.try_get::<_, Option<Uuid>>(3)?) {
            touched.insert(message, conversation);
        }
    }
    let ids: Vec<Uuid> = touched.keys().copied().collect();
    let rows = tx.run(&[tx.step(MESSAGES, vec![&ids]).await?]).await?.pop().unwrap_or_default();
    let found = documents(&rows, &mut touched)?;
    let (gone, gone_from): (Vec<Uuid>, Vec<Uuid>) = touched.into_iter().unzip();
    let written = vec![
        &found.organizations as &(dyn tokio_postgres::types::ToSql + Sync),
        &found.conversations,
        &found.messages,
        &found.documents,
    ];
    let steps = [
        tx.step(WRITE, written).await?,
        tx.step(REMOVE, vec![&gone_from, &gone]).await?,
        tx.step(PROGRESS, vec![&organizations, &reached]).await?,
    ];
    tx.commit(&steps).await?;
    let last = (organizations.len() as i64 == portion.organizations).then(|| organizations.last().copied());
    Ok(Followed { last: last.flatten(), more })
}

/// How far each organization gets, and whether one of them has more.
fn reached(events: &[Row], most: i64) -> Result<(Vec<Uuid>, Vec<i64>, bool), Error> {
    let (mut organizations, mut numbers, mut counts) =
        (Vec::<Uuid>::new(), Vec::<i64>::new(), Vec::<i64>::new());
    for row in events {
        let (organization, number) = (row.try_get(0)?, row.try_get(1)?);
        match (organizations.last(), numbers.last_mut(), counts.last_mut()) {
            (Some(last), Some(reached), Some(count)) if *last == organization => {
                *reached = number;
                *count += 1;
            }
            _ => {
                organizations.push(organization);
                numbers.push(number);
                counts.push(1);
            }
        }
    }
    let more = counts.contains(&most);
    Ok((organizations, numbers, more))
}

/// The documents of messages that have words; those are taken out of `touched`, and what stays is to be removed.
fn documents(rows: &[Row], touched: &mut HashMap<Uuid, Uuid>) -> Result<Documents, Error> {
    let mut found = Documents::default();
    for row in rows {
        let (message, organization): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        // What a newer version has written and this one cannot read must not hold up everything behind it.
        let document = json(row, 3).map_or_else(
            |error| {
                tracing::warn!(%error, %message, "a message cannot be searched");
                String::new()
            },
            |content| search::document(OrganizationId(organization), &content),
        );
        if !document.is_empty() {
            touched.remove(&message);
            found.organizations.push(organization);
            found.conversations.push(row.try_get(2)?);
            found.messages.push(message);
            found.documents.push(document);
        }
    }
    Ok(found)
}

/// How far search is behind.
///
/// # Errors
/// When the database fails.
pub async fn behind(client: &impl GenericClient) -> Result<Behind, Error> {
    let sql = "SELECT coalesce(sum(b.waiting), 0)::bigint,
            coalesce(greatest(0, extract(epoch FROM now() - min(e.at))), 0)::bigint
        FROM (
            SELECT s.organization_id, coalesce(p.seq, 0) AS seq, s.last_seq - coalesce(p.seq, 0) AS waiting
            FROM event_sequences s LEFT JOIN search_progress p ON p.organization_id = s.organization_id
            WHERE s.last_seq > coalesce(p.seq, 0)
        ) b CROSS JOIN LATERAL (
            SELECT at FROM events WHERE organization_id = b.organization_id AND seq > b.seq ORDER BY seq LIMIT 1
        ) e";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Behind { events: row.try_get(0)?, seconds: row.try_get(1)? })
}

/// Forgets the words of messages, by conversation, within the transaction that changes them: what the relay may just be writing
/// is waited for, and what it writes later is what that transaction leaves.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &Tx, messages: &[(Uuid, Uuid)]) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let (conversations, messages): (Vec<Uuid>, Vec<Uuid>) = messages.iter().copied().unzip();
    let steps = [tx.step(LOCK, vec![]).await?, tx.step(REMOVE, vec![&conversations, &messages]).await?];
    tx.run(&steps).await?;
    Ok(())
}

/// Forgets the words of conversations, within the transaction that erases their messages: what the relay may just be writing
/// is waited for, and it reads no more of them than that transaction leaves.
///
/// # Errors
/// When the database fails.
pub async fn forget(client: &impl GenericClient, conversations: &[ConversationId]) -> Result<(), Error> {
    client.execute(LOCK, &[]).await?;
    let ids: Vec<Uuid> = conversations.iter().map(|id| id.0).collect();
    let statement =
        client.prepare_cached("DELETE FROM message_search WHERE conversation_id = ANY($1)").await?;
    client.execute(&statement, &[&ids]).await?;
    Ok(())
}
