//! Follows the event logs, organization after organization, and notes what is to be posted to whom; works off replays beside it.

use common::db::webhook_fanout::{self, Followed};
use common::db::{webhook_deliveries, webhook_replays};
use common::queue::Publisher;
use deadpool_postgres::Pool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{PAUSE, publish};

/// Reads on until stopped: at once while there is more, else after a pause.
pub(super) async fn run(pool: Pool, publisher: Publisher, stop: CancellationToken) {
    let mut after = Uuid::nil();
    while !stop.is_cancelled() {
        let followed = webhook_fanout::follow(&pool, after).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the event log cannot be read; webhooks wait");
            Followed::default()
        });
        after = followed.after;
        point(&pool, &publisher, &followed.webhooks).await;
        if !followed.more {
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }
}

/// Sends pointers to these endpoints, where none is on its way. What cannot be sent now is found by the sweep.
async fn point(pool: &Pool, publisher: &Publisher, webhooks: &[Uuid]) {
    if webhooks.is_empty() || !publisher.connected() {
        return;
    }
    let pointed = async {
        let client = pool.get().await?;
        webhook_deliveries::point(&client, Some(webhooks), webhooks.len() as i64).await
    };
    match pointed.await {
        Ok(pointed) => {
            for (webhook, failing) in pointed {
                if let Err(error) = publish(publisher, webhook, failing).await {
                    tracing::debug!(%error, "a webhook that is due waits for the sweep");
                }
            }
        }
        Err(error) => tracing::debug!(%error, "webhooks that are due wait for the sweep"),
    }
}

/// Works off replays until stopped; the sweep sends the pointers.
pub(super) async fn replay(pool: Pool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let found = webhook_replays::step(&pool).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a replay of webhooks waits for the database");
            None
        });
        if found.is_none() {
            stop.run_until_cancelled(tokio::time::sleep(PAUSE * 5)).await;
        }
    }
}
