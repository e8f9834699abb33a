//! Stores what went through the fallback queue while PostgreSQL was away: by one process, in order.

use std::time::Duration;

use common::db::duties;
use common::intake::Sources;
use common::queue::{Consumer, Outcome, Route, Topology};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::storer::{GROUP, Storer, Waiting};
use crate::process::Context;

const DUTY: &str = "intake.fallback";
const LEASE: Duration = Duration::from_secs(10);

/// Starts consuming the fallback queue whenever this process holds the duty.
pub(super) fn start(context: &Context) {
    let context = context.clone();
    let publisher = context.publisher("switchboard-inbound");
    let stop = context.shutdown.token.clone();
    context.shutdown.clone().spawn(async move {
        while !stop.is_cancelled() {
            if duties::hold(&context.pool, DUTY, context.holder, LEASE).await.is_ok_and(|held| held) {
                let lost = stop.child_token();
                let storer = Storer {
                    pool: context.pool.clone(),
                    sources: Sources::new(context.pool.clone(), context.sealer.clone(), &context.config.http),
                    publisher: publisher.clone(),
                    stop: lost.clone(),
                };
                tokio::join!(keep(&context, &lost), consume(&context, storer));
            }
            tokio::select! { () = tokio::time::sleep(Duration::from_secs(1)) => (), () = stop.cancelled() => () }
        }
        let _lapses = duties::release(&context.pool, DUTY, context.holder).await;
    });
}

/// Renews the lease; ends the consumer once another process has it. While PostgreSQL is away nothing can be stored, and
/// nobody else can take the duty.
async fn keep(context: &Context, lost: &CancellationToken) {
    loop {
        tokio::select! { () = tokio::time::sleep(LEASE / 4) => (), () = lost.cancelled() => return }
        if let Ok(false) = duties::hold(&context.pool, DUTY, context.holder, LEASE).await {
            lost.cancel();
        }
    }
}

async fn consume(context: &Context, storer: Storer) {
    let consumer = Consumer {
        broker: context.config.broker.clone(),
        queue: Topology::new(&context.config.broker.prefix).queue(Route::IntakeFallback),
        label: Route::IntakeFallback.key(),
        prefetch: GROUP,
        readiness: context.readiness.clone(),
        part: "fallback",
    };
    let (stop, (queue, waiting)) = (storer.stop.clone(), mpsc::unbounded_channel());
    // The consumer hands deliveries over one by one, in their order; no more than it fetches ahead are waiting.
    let consuming = consumer.run(stop, move |bytes| {
        let (done, stored) = oneshot::channel();
        let _stopped = queue.send(Waiting { bytes, done });
        async move { stored.await.unwrap_or(Outcome::Unfinished) }
    });
    tokio::join!(consuming, storer.run(waiting));
}
