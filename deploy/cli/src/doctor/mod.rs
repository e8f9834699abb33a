//! `switchboard doctor`: looks at everything that Switchboard needs, and says what to do where something is missing.

mod configuration;
mod credentials;
mod files;
mod mail;
mod pipeline;
mod postgresql;
mod rabbitmq;
mod report;

use std::fmt;

use common::channels::Channel;
use common::crypto::Sealer;
use common::db::{self, inboxes};
use deadpool_postgres::Object;

use crate::environment;
use crate::failure::{Told, of_database};
use crate::output::Output;
use report::Report;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Doctor {}

impl Doctor {
    /// Checks everything that can be checked, whatever else fails.
    ///
    /// # Errors
    /// When any check failed.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut report = Report::default();
        let config = configuration::check(&mut report);
        // Unless we know better, every channel's queues must be served.
        let mut used = Channel::ALL.to_vec();
        if let Some(session) = session(&mut report).await {
            let migrated = postgresql::check(&mut report, &session).await;
            if migrated {
                if let Some(config) = &config {
                    let sealer = Sealer::new(&config.master_key);
                    credentials::check(&mut report, &session, &sealer).await;
                }
                pipeline::check(&mut report, &session).await;
                used = inboxes::channels_in_use(&session).await.unwrap_or(used);
            }
        }
        if let Ok(broker) = environment::broker() {
            rabbitmq::check(&mut report, &broker, &used).await;
        }
        if let Ok(notifications) = environment::notifications() {
            mail::check(&mut report, &notifications).await;
        }
        if let Some(config) = &config {
            files::check(&mut report, &config.media.place).await;
        }
        output.answer(&report.json(), &report.text())?;
        if report.failed() { Err(Told.into()) } else { Ok(()) }
    }
}

/// A session, unless its address is missing, which is told with the configuration.
async fn session(report: &mut Report) -> Option<Object> {
    let database = environment::database().ok()?;
    let Ok(pool) = db::pool(&database, "switchboard-doctor") else {
        report.fail(
            "postgresql",
            "DATABASE_URL cannot be read",
            "expected an address such as postgres://user@host/database",
        );
        return None;
    };
    match pool.get().await.map_err(db::Error::from) {
        Ok(session) => Some(session),
        Err(error) => {
            report.fail("postgresql", of_database(&error), "start PostgreSQL, or correct DATABASE_URL");
            None
        }
    }
}

/// Notes that a check could not be made.
fn unchecked(report: &mut Report, name: &str, error: &db::Error) {
    report.fail(
        name,
        format!("cannot be checked: {}", of_database(error)),
        "see what PostgreSQL says, and try again",
    );
}

/// `3 processes`, `1 process`.
fn counted(count: impl Into<i64> + Copy, one: impl fmt::Display, many: impl fmt::Display) -> String {
    match count.into() {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
