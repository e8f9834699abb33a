//! Finds out when a closed gate may open: one probe for each inbox, by whichever worker takes it.

use std::sync::Arc;
use std::time::Duration;

use common::channels::{self, Channel};
use common::db::pipeline::Changes;
use common::db::pipeline::health::InboxStanding;
use common::db::{Error, Tx};
use deadpool_postgres::Pool;
use uuid::Uuid;

use super::deliver::Deliverer;
use crate::process::Context;

/// Takes the inboxes whose probe is due, so that no other worker probes them meanwhile.
const TAKE: &str = "UPDATE inboxes SET gate_probe_at = now() + interval '60 seconds' WHERE id IN (
        SELECT id FROM inboxes WHERE channel = $1 AND gate <> 'open' AND gate_probe_at <= now() AND deleted_at IS NULL
        ORDER BY gate_probe_at LIMIT 20 FOR UPDATE SKIP LOCKED)
    RETURNING id";
/// The provider accepts the credentials: one waiting message may try. If it is sent, the gate opens.
const HALF_OPEN: &str = "UPDATE inboxes SET gate = 'half_open' WHERE id = $1 AND gate = 'closed'
    AND EXISTS (SELECT 1 FROM lanes WHERE inbox_id = $1 AND ready_at IS NOT NULL)";
/// It does not: look again, each time later.
const STAY: &str = "UPDATE inboxes SET gate_failures = gate_failures + 1,
        gate_probe_at = now() + least(600, 2 * 2 ^ least(gate_failures, 9)) * interval '1 second'
    WHERE id = $1 AND gate <> 'open'";

/// Starts probing the closed gates of a channel.
pub(super) fn start(context: &Context, channel: Channel, deliverer: &Arc<Deliverer>) {
    let (pool, deliverer, stop) = (context.pool.clone(), deliverer.clone(), context.shutdown.token.clone());
    context.shutdown.spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! { _ = tick.tick() => (), () = stop.cancelled() => return }
            if let Err(error) = probe_due(&pool, channel, &deliverer).await {
                tracing::debug!(%error, "closed gates were not probed");
            }
        }
    });
}

async fn probe_due(pool: &Pool, channel: Channel, deliverer: &Deliverer) -> Result<(), Error> {
    let due = pool.get().await?.query(TAKE, &[&channel.as_str()]).await?;
    for row in due {
        let inbox: Uuid = row.try_get(0)?;
        let sender = deliverer.senders.sender(inbox).await?;
        match channels::probe(channel, &deliverer.http, &sender).await {
            Ok(()) => open(pool, inbox).await?,
            Err(error) => {
                tracing::info!(%inbox, code = error.code, "the provider still refuses this inbox");
                pool.get().await?.execute(STAY, &[&inbox]).await?;
                // It may be for another reason by now.
                if error.action.closes_gate() {
                    note(pool, InboxStanding::closed(inbox, &error)).await?;
                }
            }
        }
    }
    Ok(())
}

/// Half open while messages wait; all the way when there is none to try with.
async fn open(pool: &Pool, inbox: Uuid) -> Result<(), Error> {
    if pool.get().await?.execute(HALF_OPEN, &[&inbox]).await? == 1 {
        return Ok(());
    }
    let waiting = "SELECT EXISTS (SELECT 1 FROM lanes WHERE inbox_id = $1 AND ready_at IS NOT NULL)";
    if pool.get().await?.query_one(waiting, &[&inbox]).await?.try_get(0)? {
        return Ok(());
    }
    note(pool, InboxStanding::open(inbox)).await
}

/// Writes down what was learned of an inbox, with the event if that changes what clients see.
pub(super) async fn note(pool: &Pool, standing: InboxStanding) -> Result<(), Error> {
    let mut changes = Changes::default();
    changes.standings.push(standing);
    let tx = Tx::open(pool).await?;
    tx.begin(&[]).await?;
    changes.commit(tx).await?;
    Ok(())
}
