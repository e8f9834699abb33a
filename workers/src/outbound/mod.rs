//! Delivers messages on one channel: pace, claim, call, record.
//!
//! A pointer names a lane. Whoever receives it looks what the lane wants now; a lost, repeated or late pointer costs a look.

mod check;
mod claim;
mod deliver;
mod handed;
mod pace;
mod probe;
mod receipts;
mod record;
mod room;
mod ways;

use std::sync::Arc;

use common::channels::Channel;
use common::queue::{Consumer, Outcome, Route, Task, Topology};
use futures_util::future::join_all;

use crate::process::Context;
use deliver::Deliverer;

/// Deliveries taken at once from the queue of first attempts, and of retries, each with up to a dozen lanes. Lanes that
/// wait for their sender's pace count too, so there is room for many.
const PREFETCH: (u16, u16) = (256, 64);

/// Starts delivering on `channel`, calling the provider for at most `concurrency` messages at once.
///
/// # Errors
/// When the HTTP client cannot be built.
pub fn start(context: &Context, channel: Channel, concurrency: usize) -> anyhow::Result<()> {
    let deliverer = Arc::new(Deliverer::start(context, concurrency, PREFETCH.0.into())?);
    probe::start(context, channel, &deliverer);
    check::start(context, channel, &deliverer);
    if channel.takes_receipts() {
        receipts::start(context, channel, &deliverer);
    }
    for (route, prefetch) in
        [(Route::OutboundFirst(channel), PREFETCH.0), (Route::OutboundRetry(channel), PREFETCH.1)]
    {
        let consumer = Consumer {
            broker: context.config.broker.clone(),
            queue: Topology::new(&context.config.broker.prefix).queue(route),
            label: route.key(),
            prefetch,
            readiness: context.readiness.clone(),
            part: if matches!(route, Route::OutboundRetry(_)) { "retries" } else { "first attempts" },
        };
        let deliverer = deliverer.clone();
        let stop = context.shutdown.token.clone();
        context.shutdown.spawn(consumer.run(stop, move |body| {
            let deliverer = deliverer.clone();
            async move { deliver_lanes(&deliverer, &body).await }
        }));
    }
    Ok(())
}

async fn deliver_lanes(deliverer: &Arc<Deliverer>, body: &[u8]) -> Outcome {
    let lanes = match Task::decode(body) {
        Ok(Task::DeliverLanesV1 { lanes }) => lanes,
        Ok(Task::ApplyChannelEventsV1 { .. } | Task::FetchMediaV1 { .. } | Task::PostWebhooksV1 { .. }) => {
            return Outcome::Dead;
        }
        Err(error) => {
            tracing::warn!(%error, "a delivery task cannot be read");
            return Outcome::Dead;
        }
    };
    let finished = join_all(lanes.into_iter().map(|lane| deliverer.deliver(lane))).await;
    if finished.into_iter().all(|done| done) { Outcome::Done } else { Outcome::Unfinished }
}
