//! Tells providers that their contacts' messages were read. Beside the messages: a receipt takes no lane and waits for none.

use std::sync::Arc;
use std::time::Duration;

use common::channels::{self, Channel, ChannelError, ReadMark};
use common::db::Error;
use common::db::read_receipts::{self, Receipt};
use common::metrics;
use common::trace::TraceId;
use deadpool_postgres::Pool;
use futures_util::StreamExt as _;
use tracing::Instrument as _;

use super::deliver::Deliverer;
use crate::process::Context;

/// Pause when nothing was due.
const IDLE: Duration = Duration::from_millis(500);
/// Receipts taken at once, and calls at once: few, so that messages keep the provider's ear.
const GROUP: i64 = 64;
const CALLS: usize = 8;
/// Tries until a receipt is given up: with the growing pauses about an hour.
const MOST_FAILURES: i32 = 15;

/// Starts sending the receipts of a channel.
pub(super) fn start(context: &Context, channel: Channel, deliverer: &Arc<Deliverer>) {
    let (pool, deliverer, stop) = (context.pool.clone(), deliverer.clone(), context.shutdown.token.clone());
    context.shutdown.spawn(async move {
        while !stop.is_cancelled() {
            let pause = match send_due(&pool, channel, &deliverer).await {
                Ok(more) if more => Duration::ZERO,
                Ok(_) => IDLE,
                Err(error) => {
                    tracing::warn!(%error, "read receipts were not sent; they wait");
                    IDLE * 4
                }
            };
            tokio::select! { () = tokio::time::sleep(pause) => (), () = stop.cancelled() => () }
        }
    });
}

/// Sends what is due; says whether there may be more.
async fn send_due(pool: &Pool, channel: Channel, deliverer: &Deliverer) -> Result<bool, Error> {
    let due = read_receipts::take(pool, channel, GROUP).await?;
    let more = due.len() as i64 == GROUP;
    let sent = futures_util::stream::iter(due)
        .map(|receipt| async move {
            let span = tracing::info_span!("job.outbound.receipt", trace_id = %TraceId(receipt.trace));
            send(pool, channel, deliverer, &receipt).instrument(span).await
        })
        .buffer_unordered(CALLS);
    let results: Vec<Result<(), Error>> = sent.collect().await;
    results.into_iter().collect::<Result<(), Error>>()?;
    Ok(more)
}

async fn send(pool: &Pool, channel: Channel, deliverer: &Deliverer, receipt: &Receipt) -> Result<(), Error> {
    let sender = deliverer.senders.sender(receipt.inbox).await?;
    let mark = ReadMark {
        contact: &receipt.contact,
        provider_message_id: &receipt.provider_message_id,
        id: receipt.message,
    };
    let told = channels::mark_read(channel, &deliverer.http, &sender, &mark).await;
    let outcome = match &told {
        Ok(()) => "sent",
        Err(error) if lasting(error, receipt) => "given_up",
        Err(_) => "failed",
    };
    metrics::get().receipts.with_label_values(&[channel.as_str(), outcome]).inc();
    match told {
        Ok(()) => read_receipts::done(pool, receipt).await,
        Err(error) if outcome == "given_up" => {
            tracing::info!(code = error.code, "a read receipt is given up");
            read_receipts::done(pool, receipt).await
        }
        Err(error) => {
            tracing::debug!(code = error.code, "a read receipt was not taken; trying again");
            read_receipts::failed(pool, receipt, pause(&error, receipt.failures)).await
        }
    }
}

/// Whether trying again is of no use.
fn lasting(error: &ChannelError, receipt: &Receipt) -> bool {
    !error.action.keeps_message() || receipt.failures + 1 >= MOST_FAILURES
}

/// Seconds until the next try: doubling from two, at most ten minutes, and not before the provider's word.
fn pause(error: &ChannelError, failures: i32) -> f64 {
    let doubled = 2_f64.powi(failures.clamp(0, 9) + 1).min(600.0);
    doubled.max(error.retry_after.map_or(0.0, |wait| wait.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use common::channels::Action;
    use uuid::Uuid;

    use super::*;

    fn receipt(failures: i32) -> Receipt {
        Receipt {
            conversation: Uuid::nil(),
            inbox: Uuid::nil(),
            message: Uuid::nil(),
            contact: "15551234567".into(),
            provider_message_id: "wamid.1".into(),
            failures,
            trace: Uuid::nil(),
        }
    }

    #[test]
    fn a_receipt_is_repeated_with_growing_pauses_and_then_given_up() {
        let mut error = ChannelError::new(Action::Transient, "provider_unreachable", "Away");
        assert_eq!([0, 1, 8, 11].map(|failures| pause(&error, failures)), [2.0, 4.0, 512.0, 600.0]);
        assert!(!lasting(&error, &receipt(13)) && lasting(&error, &receipt(14)));
        error.retry_after = Some(Duration::from_secs(30));
        assert_eq!(pause(&error, 0), 30.0);
        let refused = ChannelError::new(Action::Content, "unsupported_content", "No");
        assert!(lasting(&refused, &receipt(0)));
    }
}
