//! Failures in one line that says what to do.

use std::error::Error as _;
use std::fmt;

use common::db;
use common::db::migrate::MigrateError;
use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// The command has told what is wrong already; only the exit code is left.
#[derive(Debug, Clone, Copy)]
pub struct Told;

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("told already")
    }
}

impl std::error::Error for Told {}

/// An error with its remedy, in one line.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let text = if let Some(error) = error.downcast_ref::<db::Error>() {
        of_database(error)
    } else if let Some(error) = error.downcast_ref::<tokio_postgres::Error>() {
        of_postgres(error)
    } else if let Some(MigrateError::Postgres(error)) = error.downcast_ref::<MigrateError>() {
        format!("migrating stopped: {}", of_postgres(error))
    } else {
        format!("{error:#}")
    };
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// A failure of the database, with its remedy.
pub fn of_database(error: &db::Error) -> String {
    match error {
        db::Error::Postgres(error) | db::Error::Pool(PoolError::Backend(error)) => of_postgres(error),
        db::Error::TimedOut | db::Error::Pool(PoolError::Timeout(_)) => {
            "PostgreSQL does not answer: check that it runs and that DATABASE_URL names it".to_owned()
        }
        db::Error::Pool(error) => format!("no session with PostgreSQL can be had: {error}"),
        db::Error::Stored(what) => {
            format!(
                "a stored value is not what this version understands ({what}): use the version that wrote it"
            )
        }
    }
}

/// A failure of PostgreSQL or of the way to it, with its remedy.
pub fn of_postgres(error: &tokio_postgres::Error) -> String {
    let Some(refusal) = error.as_db_error() else {
        let cause = error.source().map(|cause| format!(" ({cause})")).unwrap_or_default();
        return format!(
            "PostgreSQL cannot be reached: {error}{cause}; check that it runs and that DATABASE_URL names it"
        );
    };
    let (message, code) = (refusal.message(), refusal.code());
    let remedy = match code.code() {
        "42P01" | "42703" => "the database lacks a migration: run `switchboard migrate`",
        "28000" | "28P01" => "check user and password in DATABASE_URL",
        "3D000" => "create the database, or correct its name in DATABASE_URL",
        "42501" => "the user in DATABASE_URL must own the tables",
        "53300" => "the server has no session left: try again, or raise its max_connections",
        "57014" | "55P03" => "the server is busy: try again",
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => "DATABASE_URL must name the primary server",
        _ => return format!("PostgreSQL refused: {message} ({})", code.code()),
    };
    format!("PostgreSQL refused: {message}; {remedy}")
}
