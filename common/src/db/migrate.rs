//! Applies the numbered files of `migrations/`, forward only, under an advisory lock: one transaction each, or statement by
//! statement where an index is made beside running traffic.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

/// A migration compiled into the binary.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its place in the order.
    pub version: i32,
    /// Its file name without the ending.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal,)+) => {
        /// Every migration, in order.
        pub const MIGRATIONS: &[Migration] = &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../migrations/", $name, ".sql")),
        }),+];
    };
}

migrations! {
    1 "0001_organizations",
    2 "0002_inboxes",
    3 "0003_conversations",
    4 "0004_messages",
    5 "0005_channel_events",
    6 "0006_events",
    7 "0007_pipeline",
    9 "0009_postponed_messages",
    10 "0010_media",
    11 "0011_inbound",
    12 "0012_conversation_lists",
    13 "0013_contact_states",
    14 "0014_notifications",
    15 "0015_contact_indexes",
    16 "0016_webhooks",
    18 "0018_management",
    20 "0020_text_channel",
    23 "0023_rcs_fallback",
    24 "0024_shared_inboxes",
    26 "0026_inbox_health_and_notices",
    27 "0027_event_indexes",
    29 "0029_viewer_identity",
    30 "0030_retention",
}

/// Why migrating stopped.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A migration that was applied has been edited since.
    #[error("migration {version} was changed after it was applied; add a new migration instead")]
    Changed {
        /// Its number.
        version: i32,
    },
    /// The database is newer than this program.
    #[error("the database has migration {version}, which this program does not know; use the newer program")]
    Newer {
        /// The unknown number.
        version: i32,
    },
    /// The server failed.
    #[error("migrating: {0}")]
    Postgres(#[from] tokio_postgres::Error),
}

/// Any fixed number that no other program is likely to lock.
const LOCK: i64 = 0x5357_4942_4F41_5244;
/// First line of a file whose statements cannot run in a transaction. Each ends with its line, and can be repeated.
const OUTSIDE: &str = "-- outside a transaction\n";

/// Applies what is missing and returns the names of what was applied.
///
/// # Errors
/// When a file was changed, the database is newer, or a statement fails; what was applied before stays applied.
pub async fn migrate(client: &mut Client) -> Result<Vec<&'static str>, MigrateError> {
    client.batch_execute("SET statement_timeout = 0; SET lock_timeout = '60s'").await?;
    // Asked for again and again: one who waited in the server would hold up the indexes that another is making.
    while !client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?.get::<_, bool>(0) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let applied = apply_missing(client).await;
    client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
    client.batch_execute("RESET statement_timeout; RESET lock_timeout").await?;
    applied
}

async fn apply_missing(client: &mut Client) -> Result<Vec<&'static str>, MigrateError> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                version int PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())",
        )
        .await?;
    let rows = client.query("SELECT version, checksum FROM schema_migrations ORDER BY version", &[]).await?;
    let known: Vec<(i32, Vec<u8>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (version, checksum) in &known {
        let migration = MIGRATIONS.iter().find(|m| m.version == *version);
        let migration = migration.ok_or(MigrateError::Newer { version: *version })?;
        if Sha256::digest(migration.sql).as_slice() != checksum.as_slice() {
            return Err(MigrateError::Changed { version: *version });
        }
    }
    let mut applied = Vec::new();
    for migration in MIGRATIONS.iter().filter(|m| known.iter().all(|(version, _)| *version != m.version)) {
        for statement in migration.sql.strip_prefix(OUTSIDE).iter().flat_map(|sql| sql.split(";\n")) {
            client.batch_execute(statement).await?;
        }
        let tx = client.transaction().await?;
        if !migration.sql.starts_with(OUTSIDE) {
            tx.batch_execute(migration.sql).await?;
        }
        let checksum = Sha256::digest(migration.sql).to_vec();
        let insert = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";
        tx.execute(insert, &[&migration.version, &migration.name, &checksum]).await?;
        tx.commit().await?;
        applied.push(migration.name);
    }
    Ok(applied)
}

/// How many migrations this program has that the database lacks.
///
/// # Errors
/// When the server fails.
pub async fn pending(client: &Client) -> Result<usize, tokio_postgres::Error> {
    let exists = client.query_one("SELECT to_regclass('public.schema_migrations') IS NOT NULL", &[]).await?;
    if !exists.get::<_, bool>(0) {
        return Ok(MIGRATIONS.len());
    }
    let rows = client.query("SELECT version FROM schema_migrations", &[]).await?;
    let known: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    Ok(MIGRATIONS.iter().filter(|m| !known.contains(&m.version)).count())
}
