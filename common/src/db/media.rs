//! `media`, `message_media` and `stray_objects`: files, who refers to them, and objects that nothing answers for.

use chrono::{DateTime, Utc};
use deadpool_postgres::{GenericClient, Pool};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use crate::domain::ids::{MediaId, OrganizationId};
use crate::domain::principal::Reach;
use crate::media::Written;

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// Where its bytes lie in the store.
    pub object_key: String,
    /// Its name, if it has one.
    pub filename: Option<String>,
    /// What it is.
    pub mime_type: String,
    /// How many bytes.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: Vec<u8>,
    /// Since when we have it.
    pub created_at: DateTime<Utc>,
}

/// A file that has been uploaded.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// Its id.
    pub id: MediaId,
    /// Where its bytes lie in the store.
    pub object_key: &'a str,
    /// Its name, if it was told.
    pub filename: Option<&'a str>,
    /// What it is.
    pub mime_type: &'a str,
    /// Its size and hash.
    pub written: &'a Written,
    /// The link or embed through which it came, if it did.
    pub guest: Option<Uuid>,
}

/// A contact's file, claimed to be fetched.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The row.
    pub id: MediaId,
    /// The organization.
    pub organization: OrganizationId,
    /// The inbox, by whose credentials it is fetched.
    pub inbox: Uuid,
    /// The message's conversation.
    pub conversation: Uuid,
    /// The message that it belongs to.
    pub message: Uuid,
    /// What the provider calls it.
    pub provider_media_id: String,
    /// Its SHA-256 in the provider's writing, if it told.
    pub provider_sha256: Option<String>,
    /// Its media type, as the provider told it.
    pub mime_type: String,
    /// Which try this is; a record that comes with an older one changes nothing.
    pub attempt: i32,
    /// Since when it is to be fetched.
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, object_key, filename, mime_type, size, sha256, created_at";

fn read(row: &Row) -> Result<Media, Error> {
    Ok(Media {
        id: MediaId(row.try_get(0)?),
        object_key: row.try_get(1)?,
        filename: row.try_get(2)?,
        mime_type: row.try_get(3)?,
        size: u64::try_from(row.try_get::<_, i64>(4)?).unwrap_or_default(),
        sha256: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}

/// The organization's file with this id, if it is there.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: MediaId,
) -> Result<Option<Media>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM media WHERE organization_id = $1 AND id = $2 AND state = 'ready'");
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0]).await?;
    row.as_ref().map(read).transpose()
}

/// Whether a visitor may have this file: it came through the same link or embed, or belongs to a message within reach.
///
/// # Errors
/// When the database fails.
pub async fn is_within(
    client: &impl GenericClient,
    organization: OrganizationId,
    (reach, guest): (&Reach, Uuid),
    id: MediaId,
) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM media f WHERE f.organization_id = $1 AND f.id = $2 AND (f.guest_id = $3 OR EXISTS (
            SELECT 1 FROM message_media l JOIN messages m ON m.id = l.message_id
            JOIN conversations c ON c.organization_id = m.organization_id AND c.id = m.conversation_id
            WHERE l.media_id = f.id AND m.organization_id = $1
                AND ($4::uuid[] IS NULL OR c.inbox_id = ANY($4)) AND ($5::uuid IS NULL OR c.assignee_id = $5)))";
    let statement = client.prepare_cached(sql).await?;
    let params: [&(dyn ToSql + Sync); 5] = [&organization.0, &id.0, &guest, &reach.inboxes, &reach.assignee];
    Ok(client.query_opt(&statement, &params).await?.is_some())
}

/// The same for a message that is about to refer to it: retention leaves it alone meanwhile. A visitor's message refers only to
/// what came through the same link or embed.
///
/// # Errors
/// When the database fails.
pub async fn take(
    client: &impl GenericClient,
    organization: OrganizationId,
    guest: Option<Uuid>,
    id: MediaId,
) -> Result<Option<Media>, Error> {
    let sql = format!(
        "UPDATE media SET look_at = greatest(look_at, now() + interval '30 days')
        WHERE organization_id = $1 AND id = $2 AND state = 'ready' AND ($3::uuid IS NULL OR guest_id = $3)
        RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0, &guest]).await?;
    row.as_ref().map(read).transpose()
}

/// Makes an upload known; its object is no stray any more.
///
/// # Errors
/// When the database fails, or the object has been swept away because writing it took too long.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    upload: Upload<'_>,
) -> Result<DateTime<Utc>, Error> {
    let sql = "WITH known AS (DELETE FROM stray_objects WHERE object_key = $3 RETURNING object_key)
        INSERT INTO media (id, organization_id, state, object_key, filename, mime_type, size, sha256, guest_id)
        SELECT $1, $2, 'ready', object_key, $4, $5, $6, $7, $8 FROM known RETURNING created_at";
    let statement = client.prepare_cached(sql).await?;
    let size = i64::try_from(upload.written.size).unwrap_or(i64::MAX);
    let row = client
        .query_opt(
            &statement,
            &[
                &upload.id.0,
                &organization.0,
                &upload.object_key,
                &upload.filename,
                &upload.mime_type,
                &size,
                &upload.written.sha256.as_slice(),
                &upload.guest,
            ],
        )
        .await?;
    let row = row.ok_or_else(|| Error::Stored("the object was swept away before it was known".into()))?;
    Ok(row.try_get(0)?)
}

/// Notes an object that is about to be written: it is deleted after an hour, unless it has become known.
///
/// # Errors
/// When the database fails.
pub async fn begin_object(client: &impl GenericClient, key: &str) -> Result<(), Error> {
    let sql = "INSERT INTO stray_objects (object_key, delete_after) VALUES ($1, now() + interval '1 hour')
        ON CONFLICT (object_key) DO UPDATE SET delete_after = excluded.delete_after";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&key]).await?;
    Ok(())
}

/// Objects that are to be deleted now, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list_strays(client: &impl GenericClient, most: i64) -> Result<Vec<String>, Error> {
    let sql =
        "SELECT object_key FROM stray_objects WHERE delete_after < now() ORDER BY delete_after LIMIT $1";
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, &[&most]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Forgets objects that have been deleted.
///
/// # Errors
/// When the database fails.
pub async fn forget_objects(client: &impl GenericClient, keys: &[String]) -> Result<(), Error> {
    let statement = client.prepare_cached("DELETE FROM stray_objects WHERE object_key = ANY($1)").await?;
    client.execute(&statement, &[&keys]).await?;
    Ok(())
}

/// Forgets files to which no message has referred for 30 days, and leaves their objects to be deleted. Says how many files
/// were looked at.
///
/// # Errors
/// When the database fails.
pub async fn prune(client: &impl GenericClient, most: i64) -> Result<i64, Error> {
    let sql = "WITH due AS (
            SELECT id, object_key, EXISTS (
                SELECT 1 FROM message_media l JOIN messages m ON m.id = l.message_id WHERE l.media_id = media.id
            ) AS needed
            FROM media WHERE look_at < now() AND due_at IS NULL ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
        ), kept AS (
            UPDATE media SET look_at = now() + interval '30 days'
            WHERE id = ANY(ARRAY(SELECT id FROM due WHERE needed))
        ), gone AS (
            DELETE FROM media WHERE id = ANY(ARRAY(SELECT id FROM due WHERE NOT needed)) RETURNING object_key
        ), strays AS (
            INSERT INTO stray_objects (object_key, delete_after)
            SELECT object_key, now() FROM gone WHERE object_key IS NOT NULL
        )
        SELECT count(*) FROM due";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_one(&statement, &[&most]).await?.try_get(0)?)
}

/// Files whose turn it is and which nobody was pointed at lately: new ones, lost pointers, due retries, lost claims. Each is left alone
/// for half a minute, so that its pointer is not sent again and again.
///
/// # Errors
/// When the database fails.
pub async fn list_due(pool: &Pool, most: i64) -> Result<Vec<Uuid>, Error> {
    let client = pool.get().await?;
    let sql = "UPDATE media SET due_at = now() + interval '30 seconds' WHERE id = ANY(ARRAY(
            SELECT id FROM media WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING id";
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, &[&most]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The organizations of these files; for the operator.
///
/// # Errors
/// When the database fails.
pub async fn list_owners(client: &impl GenericClient, ids: &[Uuid]) -> Result<Vec<OrganizationId>, Error> {
    let statement =
        client.prepare_cached("SELECT DISTINCT organization_id FROM media WHERE id = ANY($1)").await?;
    client.query(&statement, &[&ids]).await?.iter().map(|row| Ok(OrganizationId(row.try_get(0)?))).collect()
}

/// Claims a file for so many seconds; none if another has it, it must wait, or it is done.
///
/// # Errors
/// When the database fails.
pub async fn claim(pool: &Pool, id: Uuid, seconds: f64) -> Result<Option<Fetch>, Error> {
    let client = pool.get().await?;
    let sql = "UPDATE media SET attempts = attempts + 1, not_before = now() + $2 * interval '1 second',
            due_at = now() + $2 * interval '1 second'
        WHERE id = $1 AND state = 'pending' AND (not_before IS NULL OR not_before <= now())
        RETURNING organization_id, inbox_id, conversation_id, message_id, provider_media_id, provider_sha256, mime_type,
            attempts, created_at";
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[&id, &seconds]).await? else { return Ok(None) };
    Ok(Some(Fetch {
        id: MediaId(id),
        organization: OrganizationId(row.try_get(0)?),
        inbox: row.try_get(1)?,
        conversation: row.try_get(2)?,
        message: row.try_get(3)?,
        provider_media_id: row.try_get(4)?,
        provider_sha256: row.try_get(5)?,
        mime_type: row.try_get(6)?,
        attempt: row.try_get(7)?,
        created_at: row.try_get(8)?,
    }))
}

/// Holds a claim for so many seconds more, or gives it back to be tried again after them; false if it was lost.
///
/// # Errors
/// When the database fails.
pub async fn postpone(pool: &Pool, fetch: &Fetch, seconds: f64) -> Result<bool, Error> {
    let client = pool.get().await?;
    let sql = "UPDATE media SET not_before = now() + $3 * interval '1 second', due_at = now() + $3 * interval '1 second'
        WHERE id = $1 AND attempts = $2 AND state = 'pending'";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &[&fetch.id.0, &fetch.attempt, &seconds]).await? == 1)
}

/// Marks a claimed file as fetched: id, attempt, key, media type, size, hash. Its object is no stray any more.
pub const READY: &str = "WITH known AS (DELETE FROM stray_objects WHERE object_key = $3 RETURNING object_key)
    UPDATE media SET state = 'ready', due_at = NULL, not_before = NULL, object_key = known.object_key, mime_type = $4,
        size = $5, sha256 = $6
    FROM known WHERE id = $1 AND attempts = $2 AND state = 'pending' RETURNING id";

/// Marks a claimed file as given up: id, attempt, reason.
pub const FAILED: &str = "UPDATE media SET state = 'failed', due_at = NULL, not_before = NULL, failure = $3
    WHERE id = $1 AND attempts = $2 AND state = 'pending' RETURNING id";

/// A row if nobody was told of this message, because its contact was blocked.
pub const IS_QUIET: &str =
    "SELECT 1 FROM message_timeline WHERE message_id = $1 AND event = 'contact_blocked' LIMIT 1";

/// Writes a message's content back: message, JSON of the content.
pub const SAVE_CONTENT: &str =
    "UPDATE messages SET content = $2::text::jsonb, updated_at = now() WHERE id = $1";
