//! PostgreSQL: the pool, transactions in pipelined round trips, migrations, and one file of statements per table.

pub mod api_keys;
pub mod audit;
pub mod closing_windows;
pub mod connections;
pub mod contacts;
pub mod conversations;
pub mod customers;
pub mod dead_letters;
pub mod draining;
pub mod duties;
pub mod event_log;
pub mod idempotency;
pub mod inbox_embeds;
pub mod inboxes;
pub mod installation;
pub mod media;
pub mod message_history;
pub mod message_search;
pub mod messages;
pub mod migrate;
pub mod notification_cursors;
pub mod notification_preferences;
pub mod notifications;
pub mod organizations;
pub mod outbox;
pub mod owner_notices;
pub mod phone_numbers;
pub mod pipeline;
pub mod read_receipts;
pub mod recipients;
pub mod retention;
pub mod shared_links;
pub mod shared_sessions;
pub mod teams;
mod tls;
pub mod tx;
pub mod users;
pub mod webhook_deliveries;
pub mod webhook_fanout;
pub mod webhook_log;
pub mod webhook_replays;
pub mod webhooks;

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;

use crate::config::Database;

pub use tx::Tx;

/// A failure of the database or of the way to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused or failed a statement, or the connection broke.
    #[error("database: {}", told(.0))]
    Postgres(tokio_postgres::Error),
    /// No connection could be had in time.
    #[error("database pool: {0}")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The server did not answer in time: frozen, or cut off without a word. What it was asked for may still happen.
    #[error("the database did not answer in time")]
    TimedOut,
    /// A stored value is not what this version understands.
    #[error("stored value: {0}")]
    Stored(String),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Error {
    /// Whether trying again later may help: the server is away, restarting or out of room.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Pool(_) | Self::TimedOut => true,
            Self::Stored(_) => false,
            Self::Postgres(error) => match error.code() {
                None => true,
                Some(code) => {
                    matches!(&code.code()[..2], "08" | "53" | "57" | "58")
                        || [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
                }
            },
        }
    }

    /// The name of the violated constraint, if that is what failed.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) => error.as_db_error().and_then(|e| e.constraint()),
            Self::Pool(_) | Self::TimedOut | Self::Stored(_) => None,
        }
    }
}

/// What may be said of a server's error: its state, message and constraint, never its detail, which quotes rows.
fn told(error: &tokio_postgres::Error) -> String {
    let Some(db) = error.as_db_error() else { return error.to_string() };
    let constraint = db.constraint().map(|name| format!(", constraint {name}")).unwrap_or_default();
    format!("{} (SQLSTATE {}{constraint})", db.message(), db.code().code())
}

/// Ends a wait for a server that no longer answers; its own time-outs end only what it still works on.
///
/// # Errors
/// `TimedOut`, or what `work` fails with.
pub async fn within<T>(patience: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(patience, work).await.unwrap_or(Err(Error::TimedOut))
}

/// Settings of every session. Nothing waits or stays open for ever. And plans are those that hold at any size: prepared once,
/// by index, row by row; a plan made while a table was empty, or by statistics of such a time, would read a full one from
/// end to end for each group.
const SESSION: &str = "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=15s \
    -c timezone=UTC -c search_path=public -c jit=off -c plan_cache_mode=force_generic_plan \
    -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/// A connection's configuration with our session settings.
///
/// # Errors
/// When the address cannot be read.
pub fn session_config(
    database: &Database,
    name: &str,
) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
    let mut config: tokio_postgres::Config = database.url.expose().parse()?;
    // TLS that verifies nobody protects from nobody: either it is asked for, and then verified, or it is not used.
    if config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(SslMode::Disable);
    }
    config.application_name(name).options(SESSION).connect_timeout(Duration::from_secs(5));
    config.keepalives_idle(Duration::from_secs(15)).tcp_user_timeout(Duration::from_secs(20));
    Ok(config)
}

/// A pool that connects on first use, so that a process starts without its database.
///
/// # Errors
/// When the address cannot be read.
pub fn pool(database: &Database, name: &str) -> anyhow::Result<Pool> {
    let config = session_config(database, name)?;
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, tls::connector(), manager);
    Ok(Pool::builder(manager)
        .max_size(database.pool)
        .wait_timeout(Some(Duration::from_secs(5)))
        .create_timeout(Some(Duration::from_secs(5)))
        .recycle_timeout(Some(Duration::from_secs(5)))
        .runtime(Runtime::Tokio1)
        .build()?)
}
