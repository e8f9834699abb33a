//! Follows the event logs, organization after organization, and notes the emails that follow from them.

use std::time::Duration;

use common::db::notification_cursors::{self, Followed};
use common::metrics;
use deadpool_postgres::Pool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::PAUSE;

/// Reads on until stopped: at once while there is more, else after a pause.
pub(super) async fn run(pool: Pool, delay: Duration, stop: CancellationToken) {
    let (mut after, coalesced) =
        (Uuid::nil(), metrics::get().notifications.with_label_values(&["coalesced"]));
    while !stop.is_cancelled() {
        let followed = notification_cursors::follow(&pool, after, delay).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the event log cannot be read; notifications wait");
            Followed::default()
        });
        after = followed.after;
        coalesced.inc_by(followed.coalesced);
        if !followed.more {
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }
}
