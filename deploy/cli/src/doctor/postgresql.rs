//! PostgreSQL: version, durability, clock, migrations.

use chrono::{TimeDelta, Utc};
use common::db::{self, installation, migrate};
use deadpool_postgres::Object;

use super::report::Report;
use super::{counted, unchecked};

/// The oldest version that Switchboard works on.
const LEAST_VERSION: i32 = 150_000;
/// Past this, times in timelines mislead.
const SKEW_TO_WATCH: TimeDelta = TimeDelta::seconds(1);
/// Past this, leases and windows are misjudged.
const MOST_SKEW: TimeDelta = TimeDelta::seconds(10);

/// Checks the server; whether its schema is what this version needs.
pub(super) async fn check(report: &mut Report, session: &Object) -> bool {
    let asked = Utc::now();
    match installation::server(session).await {
        Ok(server) => {
            let answered = Utc::now();
            version(report, &server);
            durability(report, &server);
            // The server read its clock at some time between the two.
            let halfway = asked + (answered - asked) / 2;
            clock(report, server.now - halfway);
        }
        Err(error) => unchecked(report, "postgresql", &error),
    }
    migrations(report, session).await
}

fn version(report: &mut Report, server: &installation::Server) {
    let version = format!("version {}", server.version);
    if server.version_number >= LEAST_VERSION {
        report.ok("postgresql", version);
    } else {
        report.fail("postgresql", version, "upgrade to PostgreSQL 15 or later");
    }
}

fn durability(report: &mut Report, server: &installation::Server) {
    if server.fsync {
        report.ok("fsync", "on");
    } else {
        let lost = "off: a crash of the machine loses accepted messages and may destroy the database";
        report.fail("fsync", lost, "set fsync = on in postgresql.conf and reload");
    }
    match server.synchronous_commit.as_str() {
        "off" => report.fail(
            "synchronous_commit",
            "off: a crash of the server loses accepted messages",
            "set synchronous_commit = on for server, database and user",
        ),
        other => report.ok("synchronous_commit", other),
    }
}

fn clock(report: &mut Report, skew: TimeDelta) {
    let ahead = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
    let detail = format!("the server's is {:.3} s {ahead} this machine's", skew.abs().as_seconds_f64());
    let remedy = "let NTP set the clocks of all machines";
    match skew.abs() {
        skew if skew > MOST_SKEW => report.fail("clock", detail, remedy),
        skew if skew > SKEW_TO_WATCH => report.warn("clock", detail, remedy),
        _ => report.ok("clock", detail),
    }
}

async fn migrations(report: &mut Report, session: &Object) -> bool {
    match migrate::pending(session).await {
        Ok(0) => {
            report.ok("migrations", "all applied");
            true
        }
        Ok(pending) => {
            let pending = i64::try_from(pending).unwrap_or(i64::MAX);
            let detail = format!("{} not applied", counted(pending, "migration is", "migrations are"));
            report.fail("migrations", detail, "run `switchboard migrate`");
            false
        }
        Err(error) => {
            unchecked(report, "migrations", &db::Error::from(error));
            false
        }
    }
}
