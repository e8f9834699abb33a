//! Works off channel events: what contacts wrote and how our messages fare, lane by lane, in stored order.

mod addresses;
mod amendments;
mod apply;
mod claims;
mod contacts;
mod fallback;
mod group;
mod isolate;
mod messages;
mod own_echoes;
mod reactions;
mod statuses;
mod storer;
mod watermarks;
mod wishes;

use std::sync::Arc;
use std::time::Duration;

use common::batch::{Batcher, Execute, Limits};
use common::queue::{Consumer, Outcome, Route, Task, Topology};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::process::Context;
use isolate::Applier;

const LIMITS: Limits = Limits { writers: 4, group: 16, waiting: 1_024 };
const PREFETCH: u16 = 128;

type Lanes = Batcher<Vec<Uuid>, Result<(), String>>;

/// Starts working off channel events and the fallback queue.
pub fn start(context: &Context) {
    let applier = Arc::new(Applier::new(&context.pool));
    let execute: Execute<_, _> = Arc::new(move |group| {
        let applier = applier.clone();
        Box::pin(async move { applier.apply(group).await })
    });
    let lanes: Lanes = Batcher::start(LIMITS, &context.shutdown, &execute);
    let consumer = Consumer {
        broker: context.config.broker.clone(),
        queue: Topology::new(&context.config.broker.prefix).queue(Route::Inbound),
        label: Route::Inbound.key(),
        prefetch: PREFETCH,
        readiness: context.readiness.clone(),
        part: "channel events",
    };
    let stop = context.shutdown.token.clone();
    context.shutdown.spawn(consumer.run(stop.clone(), move |body| {
        let (lanes, stop) = (lanes.clone(), stop.clone());
        async move { work_off(&lanes, &body, &stop).await }
    }));
    fallback::start(context);
}

async fn work_off(lanes: &Lanes, body: &[u8], stop: &CancellationToken) -> Outcome {
    let keys = match Task::decode(body) {
        Ok(Task::ApplyChannelEventsV1 { lanes }) => lanes,
        Ok(Task::DeliverLanesV1 { .. } | Task::FetchMediaV1 { .. } | Task::PostWebhooksV1 { .. }) => {
            return Outcome::Dead;
        }
        Err(error) => {
            tracing::warn!(%error, "a task of channel events cannot be read");
            return Outcome::Dead;
        }
    };
    let mut pause = Duration::from_millis(50);
    loop {
        match lanes.submit(keys.clone()).await {
            Ok(Ok(())) => return Outcome::Done,
            Ok(Err(error)) => tracing::warn!(error, "channel events wait for the database"),
            Err(_stopped) => return Outcome::Unfinished,
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => (),
            () = stop.cancelled() => return Outcome::Unfinished,
        }
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}
