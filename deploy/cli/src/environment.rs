//! What a command needs of the environment, and no more of it.

use anyhow::anyhow;
use common::config::{Broker, ConfigError, Database, Notifications, Reader, Retention};
use common::db;
use deadpool_postgres::{Object, Pool};

/// A command is one session, and looks at a second one at most.
const SESSIONS: usize = 2;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The database section.
///
/// # Errors
/// Every fault of it.
pub fn database() -> Result<Database, ConfigError> {
    let mut reader = Reader::new(&variable);
    let database = Database { pool: SESSIONS, ..Database::read(&mut reader) };
    reader.finish(database)
}

/// The broker section.
///
/// # Errors
/// Every fault of it.
pub fn broker() -> Result<Broker, ConfigError> {
    let mut reader = Reader::new(&variable);
    let broker = Broker::read(&mut reader);
    reader.finish(broker)
}

/// The notifications section.
///
/// # Errors
/// Every fault of it.
pub fn notifications() -> Result<Notifications, ConfigError> {
    let mut reader = Reader::new(&variable);
    let notifications = Notifications::read(&mut reader);
    reader.finish(notifications)
}

/// The retention section.
///
/// # Errors
/// Every fault of it.
pub fn retention() -> Result<Retention, ConfigError> {
    let mut reader = Reader::new(&variable);
    let retention = Retention::read(&mut reader);
    reader.finish(retention)
}

/// Sessions with the database that `DATABASE_URL` names, opened on first use.
///
/// # Errors
/// When the address is missing or cannot be read.
pub fn pool() -> anyhow::Result<Pool> {
    let unreadable = "DATABASE_URL cannot be read: expected an address such as postgres://user@host/database";
    db::pool(&database()?, "switchboard-cli").map_err(|_| anyhow!(unreadable))
}

/// A session with the database.
///
/// # Errors
/// When the address is missing or the database cannot be reached.
pub async fn session() -> anyhow::Result<Object> {
    Ok(pool()?.get().await.map_err(db::Error::from)?)
}
