//! Whether the master key opens the stored credentials.

use common::channels::{Channel, Credentials};
use common::crypto::Sealer;
use common::db::connections;
use common::domain::ids::ConnectionId;
use deadpool_postgres::Object;

use super::report::Report;
use super::unchecked;

/// Most connections named in a line.
const NAMED: usize = 5;

/// Opens the credentials of every connection.
pub(super) async fn check(report: &mut Report, session: &Object, sealer: &Sealer) {
    let (mut total, mut closed) = (0, Vec::new());
    for channel in Channel::ALL {
        let stored = match connections::list_credentials(session, *channel).await {
            Ok(stored) => stored,
            Err(error) => return unchecked(report, "credentials", &error),
        };
        total += stored.len();
        let unopened =
            stored.into_iter().filter(|(id, sealed)| Credentials::open(sealer, *id, sealed).is_err());
        closed.extend(unopened.map(|(id, _)| id));
    }
    if closed.is_empty() {
        return report.ok("credentials", format!("SWITCHBOARD_MASTER_KEY opens all {total}"));
    }
    let detail =
        format!("SWITCHBOARD_MASTER_KEY does not open {} of {total}: {}", closed.len(), named(&closed));
    report.fail("credentials", detail, "restore the key that sealed them, or connect these accounts again");
}

fn named(ids: &[ConnectionId]) -> String {
    let mut names: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
    if ids.len() > NAMED {
        names.push("…".to_owned());
    }
    names.join(", ")
}
