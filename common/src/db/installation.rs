//! The installation as a whole, for the operator: the server's settings, who is alive, and how old what waits is.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;

use super::{Error, message_search, webhook_deliveries};

/// The server's settings that durability depends on, and its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its version in words.
    pub version: String,
    /// Its version as a number: 150014 is 15.14.
    pub version_number: i32,
    /// Whether commits reach the disk.
    pub fsync: bool,
    /// What a commit waits for, in sessions like this one.
    pub synchronous_commit: String,
    /// Its time.
    pub now: DateTime<Utc>,
}

/// Processes of one kind that say that they are alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processes {
    /// Their kind.
    pub kind: String,
    /// How many were seen in the last ten seconds.
    pub alive: i64,
    /// Seconds since the latest sign of life.
    pub seen_seconds_ago: i64,
}

/// Rows that wait in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// The table.
    pub table: &'static str,
    /// How many wait.
    pub rows: i64,
    /// How long the oldest has waited, in seconds.
    pub oldest_seconds: i64,
}

/// The server's settings and time.
///
/// # Errors
/// When the database fails.
pub async fn server(client: &impl GenericClient) -> Result<Server, Error> {
    let sql = "SELECT current_setting('server_version'), current_setting('server_version_num')::int,
        current_setting('fsync')::bool, current_setting('synchronous_commit'), clock_timestamp()";
    let row = client.query_one(sql, &[]).await?;
    Ok(Server {
        version: row.try_get(0)?,
        version_number: row.try_get(1)?,
        fsync: row.try_get(2)?,
        synchronous_commit: row.try_get(3)?,
        now: row.try_get(4)?,
    })
}

/// Processes by kind.
///
/// # Errors
/// When the database fails.
pub async fn list_processes(client: &impl GenericClient) -> Result<Vec<Processes>, Error> {
    let sql = "SELECT kind, count(*) FILTER (WHERE seen_at > now() - interval '10 seconds'),
            greatest(0, extract(epoch FROM now() - max(seen_at)))::bigint
        FROM processes GROUP BY kind ORDER BY kind";
    let rows = client.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Processes { kind: row.try_get(0)?, alive: row.try_get(1)?, seen_seconds_ago: row.try_get(2)? })
        })
        .collect()
}

/// Duties that a process holds now.
///
/// # Errors
/// When the database fails.
pub async fn list_held_duties(client: &impl GenericClient) -> Result<Vec<String>, Error> {
    let rows = client.query("SELECT name FROM duties WHERE expires_at > now() ORDER BY name", &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// What waits in the outbox, among the channel events, in the event log, among the emails to users and the webhooks, and what
/// search has not taken up yet.
///
/// # Errors
/// When the database fails.
pub async fn list_backlogs(client: &impl GenericClient) -> Result<Vec<Backlog>, Error> {
    let sources = [
        ("outbox", "SELECT count(*), min(created_at) FROM outbox"),
        (
            "channel_events",
            "SELECT count(*), min(received_at) FROM channel_events WHERE processed_at IS NULL",
        ),
        ("events", "SELECT count(*), min(at) FROM events WHERE seq IS NULL"),
        (
            "notifications",
            "SELECT count(*), min(due_at) FROM notifications WHERE ended_at IS NULL AND due_at <= now()",
        ),
    ];
    let mut backlogs = Vec::with_capacity(sources.len());
    for (table, waiting) in sources {
        let sql = format!(
            "SELECT rows, coalesce(greatest(0, extract(epoch FROM now() - oldest)), 0)::bigint
            FROM ({waiting}) AS waiting (rows, oldest)"
        );
        let row = client.query_one(&sql, &[]).await?;
        backlogs.push(Backlog { table, rows: row.try_get(0)?, oldest_seconds: row.try_get(1)? });
    }
    let search = message_search::behind(client).await?;
    backlogs.push(Backlog { table: "search", rows: search.events, oldest_seconds: search.seconds });
    let webhooks = webhook_deliveries::lag(client).await?;
    for (table, rows, oldest_seconds) in [
        ("webhooks", webhooks.due, webhooks.due_seconds),
        ("webhook_events", webhooks.events, webhooks.events_seconds),
    ] {
        backlogs.push(Backlog { table, rows, oldest_seconds });
    }
    Ok(backlogs)
}
