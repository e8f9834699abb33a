//! `erasures`: forgetting a marked contact, bit by bit. Each function is one bounded step within a transaction of its own.
//!
//! What belongs to a message is found by its key. The raw channel events and the event log have no index that leads to a
//! contact, which every write would pay for: they are gone through in stored order, once for all who wait.

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use serde_json::json;
use uuid::Uuid;

use crate::db::Error;
use crate::db::message_history::{EVENTS, first_since};
use crate::db::message_search;
use crate::db::pipeline::load;
use crate::domain::content::{Content, Unsupported};

/// Messages that a step deletes.
const MESSAGES: i64 = 200;
/// Places of a table that a step goes through.
const BLOCK: i64 = 10_000;
/// Clocks of processes and server differ.
const CLOCK_MARGIN: TimeDelta = TimeDelta::hours(1);

/// What a step forgets of each message, by the messages' ids. What belongs to messages and is not deleted with them has a
/// line here. Attempts stay, without what the provider called them: by them, late reports are known for what they are.
const BELONGINGS: &[&str] = &[
    // Files that nobody else's message refers to; what is left in the store goes like every object that nothing answers for.
    "WITH gone AS (
        DELETE FROM media m WHERE id = ANY(ARRAY(SELECT media_id FROM message_media WHERE message_id = ANY($1)))
            AND NOT EXISTS (SELECT 1 FROM message_media o WHERE o.media_id = m.id AND o.message_id <> ALL($1))
        RETURNING object_key
    )
    INSERT INTO stray_objects (object_key, delete_after) SELECT object_key, now() FROM gone WHERE object_key IS NOT NULL
    ON CONFLICT (object_key) DO NOTHING",
    "DELETE FROM message_media WHERE message_id = ANY($1)",
    "UPDATE attempts SET provider_message_id = NULL, detail = NULL WHERE message_id = ANY($1)",
    "DELETE FROM message_timeline WHERE message_id = ANY($1)",
    "DELETE FROM messages WHERE id = ANY($1)",
];

/// What belongs to a conversation, by its id; the conversation last.
const SHELL: &[&str] = &[
    "DELETE FROM contact_addresses WHERE conversation_id = $1",
    "DELETE FROM read_receipts WHERE conversation_id = $1",
    "DELETE FROM lanes WHERE conversation_id = $1",
];

/// A contact that is being forgotten.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// The contact.
    pub contact: Uuid,
    /// Its organization.
    pub organization: Uuid,
    /// Its conversations.
    pub conversations: Vec<Uuid>,
}

/// Which table is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The raw channel events, by lane.
    ChannelEvents,
    /// The event log, by conversation.
    Events,
}

/// What is left of an erased message while something may still tell of it.
pub fn nothing() -> Content {
    Content::Unsupported(Unsupported { reason: None, raw: json!({ "erased": true }) })
}

/// The next contact after `after` whose waiting messages are to be ended.
///
/// # Errors
/// When the database fails.
pub async fn next_queued(client: &impl GenericClient, after: Uuid) -> Result<Option<Erasure>, Error> {
    next(client, "queue", after).await
}

async fn next(client: &impl GenericClient, stage: &str, after: Uuid) -> Result<Option<Erasure>, Error> {
    let sql = "SELECT contact_id, organization_id, conversations FROM erasures
        WHERE stage = $1 AND contact_id > $2 ORDER BY contact_id LIMIT 1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&stage, &after]).await?;
    row.map(|row| {
        Ok(Erasure {
            contact: row.try_get(0)?,
            organization: row.try_get(1)?,
            conversations: row.try_get(2)?,
        })
    })
    .transpose()
}

/// Nothing of the contact waits or is in flight any more: its rows may go.
///
/// # Errors
/// When the database fails.
pub async fn queue_is_empty(client: &impl GenericClient, contact: Uuid) -> Result<(), Error> {
    let sql = "UPDATE erasures SET stage = 'rows' WHERE contact_id = $1 AND stage = 'queue'";
    client.execute(&client.prepare_cached(sql).await?, &[&contact]).await?;
    Ok(())
}

/// Deletes some of a contact's messages, or a conversation that has none left; false if no contact has any.
///
/// # Errors
/// When the database fails.
pub async fn delete_rows(tx: &impl GenericClient) -> Result<bool, Error> {
    let Some(erasure) = next(tx, "rows", Uuid::nil()).await? else { return Ok(false) };
    let sql = "SELECT id, inbox_id FROM conversations WHERE organization_id = $1 AND contact_id = $2 LIMIT 1";
    let row =
        tx.query_opt(&tx.prepare_cached(sql).await?, &[&erasure.organization, &erasure.contact]).await?;
    let Some(row) = row else {
        let sql = "UPDATE erasures SET stage = 'channel_events' WHERE contact_id = $1";
        tx.execute(&tx.prepare_cached(sql).await?, &[&erasure.contact]).await?;
        return Ok(true);
    };
    let (conversation, inbox): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
    // Whoever writes one of its messages holds this, and finds afterwards that there is none.
    tx.query(&tx.prepare_cached(load::LOCK).await?, &[&vec![conversation]]).await?;
    // Search writes what it has read of a message before this goes on.
    tx.query(&tx.prepare_cached(message_search::LOCK).await?, &[]).await?;
    let sql = "SELECT id FROM messages WHERE conversation_id = $1 ORDER BY id LIMIT $2";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&conversation, &MESSAGES]).await?;
    let messages: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    if messages.is_empty() {
        delete_shell(tx, &erasure, conversation).await?;
    } else {
        delete_messages(tx, (inbox, conversation), &messages).await?;
    }
    Ok(true)
}

async fn delete_messages(
    tx: &impl GenericClient,
    (inbox, conversation): (Uuid, Uuid),
    messages: &[Uuid],
) -> Result<(), Error> {
    let sql = "DELETE FROM message_search WHERE conversation_id = $1 AND message_id = ANY($2)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&conversation, &messages]).await?;
    // The provider's ids hold the contact's number.
    let sql = "DELETE FROM provider_ids WHERE ctid = ANY(ARRAY(
        SELECT p.ctid FROM (
            SELECT provider_message_id AS id FROM messages WHERE id = ANY($2)
            UNION
            SELECT provider_message_id FROM attempts WHERE message_id = ANY($2)
        ) named CROSS JOIN LATERAL (
            SELECT ctid, message_id FROM provider_ids WHERE provider_id = named.id AND inbox_id = ANY(ARRAY(
                SELECT unnest(ARRAY[id, fallback_inbox_id]) FROM inboxes WHERE id = $1)) LIMIT 1
        ) p WHERE p.message_id = ANY($2)))";
    tx.execute(&tx.prepare_cached(sql).await?, &[&inbox, &messages]).await?;
    for sql in BELONGINGS {
        tx.execute(&tx.prepare_cached(sql).await?, &[&messages]).await?;
    }
    Ok(())
}

async fn delete_shell(tx: &impl GenericClient, erasure: &Erasure, conversation: Uuid) -> Result<(), Error> {
    for sql in SHELL {
        tx.execute(&tx.prepare_cached(sql).await?, &[&conversation]).await?;
    }
    let sql = "DELETE FROM conversations WHERE organization_id = $1 AND id = $2";
    tx.execute(&tx.prepare_cached(sql).await?, &[&erasure.organization, &conversation]).await?;
    // One that began while the contact was being marked is in the event log too.
    let sql = "UPDATE erasures SET conversations = array_append(conversations, $2)
        WHERE contact_id = $1 AND NOT $2 = ANY(conversations)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&erasure.contact, &conversation]).await?;
    Ok(())
}

impl Pass {
    fn stage(self) -> &'static str {
        match self {
            Self::ChannelEvents => "channel_events",
            Self::Events => "events",
        }
    }

    /// Empties the rows of a block: from after `$1` up to `$2`, of these lanes or conversations.
    fn empty(self) -> &'static str {
        match self {
            // The lane is a digest of the address, and goes too.
            Self::ChannelEvents => {
                "UPDATE channel_events SET payload = '{}', lane_key = gen_random_uuid()
                WHERE id > $1 AND id <= $2 AND lane_key = ANY($3) AND processed_at IS NOT NULL"
            }
            Self::Events => {
                "UPDATE events SET payload = '{\"erased\": true}'
                WHERE position > $1 AND position <= $2 AND conversation_id = ANY($3)"
            }
        }
    }
}

/// Those who take part in a pass.
struct Party {
    keys: Vec<Uuid>,
    reached: i64,
    last: i64,
}

/// Goes through the next block of a table for all who wait for it; false if nobody does. Who comes while a pass is under way
/// waits for the next one.
///
/// # Errors
/// When the database fails.
pub async fn go_through(tx: &impl GenericClient, pass: Pass) -> Result<bool, Error> {
    let stage = pass.stage();
    let sql =
        "UPDATE erasures SET passing = true, reached = (SELECT min(reached) FROM erasures WHERE stage = $1)
        WHERE stage = $1 AND NOT EXISTS (SELECT 1 FROM erasures WHERE stage = $1 AND passing)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&stage]).await?;
    let sql = "SELECT CASE $1 WHEN 'events' THEN conversations ELSE lane_keys END, reached, last
        FROM erasures WHERE stage = $1 AND passing ORDER BY contact_id FOR NO KEY UPDATE";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&stage]).await?;
    let read = |row: &tokio_postgres::Row| Party { keys: row.get(0), reached: row.get(1), last: row.get(2) };
    let parties: Vec<Party> = rows.iter().map(read).collect();
    let Some(first) = parties.first() else { return Ok(false) };
    // A block ends where somebody's part does: what comes after may be of somebody new with the same address.
    let ends = parties.iter().map(|party| party.last).filter(|last| *last > first.reached);
    let to = ends.min().map_or(first.reached, |end| end.min(first.reached + BLOCK));
    let keys: Vec<Uuid> = parties.iter().flat_map(|party| party.keys.iter().copied()).collect();
    tx.execute(&tx.prepare_cached(pass.empty()).await?, &[&first.reached, &to, &keys]).await?;
    let sql = "UPDATE erasures SET reached = $2 WHERE stage = $1 AND passing";
    tx.execute(&tx.prepare_cached(sql).await?, &[&stage, &to]).await?;
    match pass {
        Pass::ChannelEvents => on_to_events(tx, to).await?,
        Pass::Events => done(tx, to).await?,
    }
    Ok(true)
}

/// Those whose channel events are through go on to the event log, from where it may first tell of them.
async fn on_to_events(tx: &impl GenericClient, reached: i64) -> Result<(), Error> {
    let through = "WHERE stage = 'channel_events' AND passing AND last <= $1";
    let sql = format!("SELECT min(since) FROM erasures {through}");
    let row = tx.query_one(&tx.prepare_cached(&sql).await?, &[&reached]).await?;
    let Some(since) = row.try_get::<_, Option<DateTime<Utc>>>(0)? else { return Ok(()) };
    let first = first_since(tx, EVENTS, since - CLOCK_MARGIN).await? - 1;
    let sql = format!(
        "UPDATE erasures SET stage = 'events', passing = false, reached = $2,
            last = (SELECT coalesce(max(position), 0) FROM events) {through}"
    );
    tx.execute(&tx.prepare_cached(&sql).await?, &[&reached, &first]).await?;
    Ok(())
}

/// Those whose event log is through are forgotten.
async fn done(tx: &impl GenericClient, reached: i64) -> Result<(), Error> {
    // What endpoints answered may quote what was posted to them.
    let sql = "UPDATE webhook_attempts SET response = NULL
        WHERE response IS NOT NULL AND delivery_id = ANY(ARRAY(
            SELECT d.id FROM erasures e CROSS JOIN LATERAL unnest(e.conversations) AS c (id)
            JOIN webhook_deliveries d ON d.conversation_id = c.id
            WHERE e.stage = 'events' AND e.passing AND e.last <= $1))";
    tx.execute(&tx.prepare_cached(sql).await?, &[&reached]).await?;
    let sql = "DELETE FROM erasures WHERE stage = 'events' AND passing AND last <= $1";
    let forgotten = tx.execute(&tx.prepare_cached(sql).await?, &[&reached]).await?;
    if forgotten > 0 {
        tracing::info!(contacts = forgotten, "contacts were forgotten");
    }
    Ok(())
}
