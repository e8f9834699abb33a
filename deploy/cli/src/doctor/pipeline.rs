//! The processes at work: who is alive, which duties are held, how old what waits is, what was set aside.

use common::db::{dead_letters, installation};
use deadpool_postgres::Object;

use super::report::Report;
use super::{counted, unchecked};

/// Duties that messages need, with the process that holds each.
const DUTIES: &[(&str, &str)] = &[
    ("scheduler", "relay"),
    ("admission", "relay"),
    ("sequencer", "relay"),
    ("expiry", "relay"),
    ("release", "relay"),
    ("rescue", "relay"),
    ("health", "relay"),
    ("pruning", "relay"),
    ("search", "relay"),
    ("intake.fallback", "inbound"),
];

/// What waits longer than this, in seconds, is worth a look.
const OLD: i64 = 10;
/// What waits longer than this, in seconds, is stuck; the alert BacklogOld has the same limit.
const TOO_OLD: i64 = 60;

/// Checks processes, duties, backlogs and dead letters.
pub(super) async fn check(report: &mut Report, session: &Object) {
    processes(report, session).await;
    duties(report, session).await;
    backlogs(report, session).await;
    match dead_letters::count_open(session).await {
        Ok(0) => report.ok("dead letters", "none"),
        Ok(open) => {
            let detail = counted(open, "waits for a decision", "wait for a decision");
            report.warn("dead letters", detail, "see `switchboard dead-letters list`");
        }
        Err(error) => unchecked(report, "dead letters", &error),
    }
}

async fn processes(report: &mut Report, session: &Object) {
    let processes = match installation::list_processes(session).await {
        Ok(processes) => processes,
        Err(error) => return unchecked(report, "processes", &error),
    };
    let mut names: Vec<&str> = processes.iter().map(|known| known.kind.as_str()).collect();
    if !names.contains(&"api") {
        names.push("api");
    }
    for kind in names {
        let name = format!("process {kind}");
        match processes.iter().find(|known| known.kind == kind) {
            Some(known) if known.alive > 0 => report.ok(name, format!("{} alive", known.alive)),
            Some(known) => {
                let detail = format!("last seen {} s ago", known.seen_seconds_ago);
                report.fail(name, detail, format!("start {kind}, or see its log if it runs"));
            }
            None => report.fail(name, "never seen", format!("start {kind}, or see its log if it runs")),
        }
    }
}

async fn duties(report: &mut Report, session: &Object) {
    let held = match installation::list_held_duties(session).await {
        Ok(held) => held,
        Err(error) => return unchecked(report, "duties", &error),
    };
    for process in ["relay", "inbound"] {
        let duties = DUTIES.iter().filter(|(_, holder)| *holder == process).map(|(duty, _)| *duty);
        let unheld: Vec<&str> = duties.filter(|duty| held.iter().all(|name| name != duty)).collect();
        let name = format!("duties of {process}");
        if unheld.is_empty() {
            report.ok(name, "all held");
        } else {
            let detail = format!("nobody holds {}", unheld.join(", "));
            report.fail(name, detail, format!("start {process}, or see its log if it runs"));
        }
    }
}

async fn backlogs(report: &mut Report, session: &Object) {
    let backlogs = match installation::list_backlogs(session).await {
        Ok(backlogs) => backlogs,
        Err(error) => return unchecked(report, "backlogs", &error),
    };
    for backlog in backlogs {
        let remedy = match backlog.table {
            "outbox" => "see that RabbitMQ, an api and a relay are well",
            "channel_events" => "see that RabbitMQ, a relay and an inbound worker are well",
            "notifications" => "see that a notifications worker is well, and what its /readyz says of smtp",
            "webhooks" | "webhook_events" => "see that a webhooks worker and a relay are well",
            _ => "see that a relay is well",
        };
        let name = format!("backlog of {}", backlog.table);
        let waiting = counted(backlog.rows, "row waits", "rows wait");
        let detail = match backlog.rows {
            0 => waiting,
            _ => format!("{waiting}, the oldest for {} s", backlog.oldest_seconds),
        };
        match backlog.oldest_seconds {
            age if age > TOO_OLD => report.fail(name, detail, remedy),
            age if age > OLD => report.warn(name, detail, remedy),
            _ => report.ok(name, detail),
        }
    }
}
