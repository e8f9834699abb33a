//! Asks the provider from time to time about each inbox that sends: trouble shows before a message meets it, and goes by itself.

use std::sync::Arc;
use std::time::Duration;

use common::channels::{self, Channel, ChannelError};
use common::db::Error;
use common::db::pipeline::health::InboxStanding;
use deadpool_postgres::Pool;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use uuid::Uuid;

use super::deliver::Deliverer;
use super::probe::note;
use crate::process::Context;

/// Inboxes asked about at once.
const AT_ONCE: usize = 8;
/// Inboxes taken at once; what a worker that dies had taken waits for the next time.
const GROUP: i64 = 40;

/// Takes the inboxes that are due, so that no other worker asks about them meanwhile. They spread out by and by.
const TAKE: &str = "UPDATE inboxes SET check_at = now() + $2 * (0.9 + random() * 0.2) * interval '1 second' WHERE id IN (
        SELECT id FROM inboxes WHERE channel = $1 AND gate = 'open' AND check_at <= now() AND deleted_at IS NULL
        ORDER BY check_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id";
/// While the provider wants to hear nothing of a sender for longer than a moment, that is shown, until then.
const THROTTLED: &str =
    "UPDATE inboxes i SET check_at = least(i.check_at, to_timestamp(b.second + 1)) FROM sender_budgets b
    WHERE i.id = $1 AND b.inbox_id = $1 AND b.second > extract(epoch FROM now()) + 10";

/// Starts asking about the inboxes of a channel.
pub(super) fn start(context: &Context, channel: Channel, deliverer: &Arc<Deliverer>) {
    let (pool, deliverer, stop) = (context.pool.clone(), deliverer.clone(), context.shutdown.token.clone());
    let every = context.config.timings.inbox_check;
    context.shutdown.spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let checked = check_due(&pool, channel, &deliverer, every);
            if let Some(Err(error)) = stop.run_until_cancelled(checked).await {
                tracing::debug!(%error, "inboxes were not checked");
            }
        }
    });
}

async fn check_due(
    pool: &Pool,
    channel: Channel,
    deliverer: &Deliverer,
    every: Duration,
) -> Result<(), Error> {
    let rows = pool.get().await?.query(TAKE, &[&channel.as_str(), &every.as_secs_f64(), &GROUP]).await?;
    let inboxes = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    iter(inboxes)
        .for_each_concurrent(AT_ONCE, async |inbox| {
            if let Err(error) = check(pool, channel, deliverer, inbox).await {
                tracing::debug!(%error, %inbox, "an inbox was not checked");
            }
        })
        .await;
    Ok(())
}

async fn check(pool: &Pool, channel: Channel, deliverer: &Deliverer, inbox: Uuid) -> Result<(), Error> {
    let sender = deliverer.senders.sender(inbox).await?;
    let answer = channels::check_health(channel, &deliverer.http, &sender).await;
    let throttled = pool.get().await?.execute(THROTTLED, &[&inbox]).await? > 0;
    match standing(inbox, answer, throttled) {
        Ok(standing) => note(pool, standing).await,
        Err(error) => {
            tracing::info!(%inbox, code = error.code, "a check of an inbox told nothing");
            Ok(())
        }
    }
}

/// What an answer says of an inbox; one that says nothing of it changes nothing.
fn standing(
    inbox: Uuid,
    answer: Result<Vec<&'static str>, ChannelError>,
    throttled: bool,
) -> Result<InboxStanding, ChannelError> {
    match answer {
        Ok(mut found) => {
            if throttled && !found.contains(&"rate_limited") {
                found.push("rate_limited");
            }
            Ok(InboxStanding::checked(inbox, &found))
        }
        Err(error) if error.action.throttles() => Ok(InboxStanding::checked(inbox, &["rate_limited"])),
        Err(error) if error.action.closes_gate() => Ok(InboxStanding::closed(inbox, &error)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
