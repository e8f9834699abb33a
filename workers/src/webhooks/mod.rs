//! Posts events to customers' endpoints.
//!
//! The event log says what happened; `follow` notes what is to be posted to whom, and sends a pointer to each endpoint that has
//! something due. Whoever receives the pointer posts what is due there (`turn`, `post`): never more than a few at once, one while
//! the endpoint fails, and in a queue of its own then, so that one that hangs costs the others nothing. What is lost on the way, or
//! due later, is found by the relay's sweep. Any number of processes may run.

mod follow;
mod post;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use common::db::{Error, webhook_deliveries};
use common::metrics;
use common::queue::{Consumer, Outcome, PublishError, Publisher, Route, Task, Topology};
use deadpool_postgres::Pool;
use uuid::Uuid;

use crate::process::Context;
use post::Poster;
use turn::Turns;

/// Endpoints that have their turn at once in a process, for each of the two queues.
const ENDPOINTS: u16 = 64;
/// Between looks that found nothing, and after a failure.
const PAUSE: Duration = Duration::from_millis(100);
/// Between looks at how far behind all this is.
const WATCH: Duration = Duration::from_secs(5);

/// Starts reading the event log and posting what is due.
///
/// # Errors
/// When the HTTP client cannot be built.
pub fn start(context: &Context) -> anyhow::Result<()> {
    let publisher = context.publisher("switchboard-webhooks");
    let turns = Arc::new(Turns::new(context, Poster::new(context)?, publisher.clone()));
    for (route, part) in [(Route::WebhooksFirst, "webhooks"), (Route::WebhooksRetry, "failing_webhooks")] {
        let consumer = Consumer {
            broker: context.config.broker.clone(),
            queue: Topology::new(&context.config.broker.prefix).queue(route),
            label: route.key(),
            prefetch: ENDPOINTS,
            readiness: context.readiness.clone(),
            part,
        };
        let turns = turns.clone();
        context.shutdown.spawn(consumer.run(context.shutdown.token.clone(), move |body| {
            let turns = turns.clone();
            async move {
                match webhook(&body) {
                    Some(webhook) => turns.take(webhook).await,
                    None => Outcome::Dead,
                }
            }
        }));
    }
    let stop = context.shutdown.token.clone();
    context.shutdown.spawn(follow::run(context.pool.clone(), publisher, stop.clone()));
    context.shutdown.spawn(follow::replay(context.pool.clone(), stop.clone()));
    let pool = context.pool.clone();
    context.shutdown.spawn(async move {
        let mut tick = tokio::time::interval(WATCH);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            if let Err(error) = watch(&pool).await {
                tracing::debug!(%error, "how far behind the webhooks are cannot be told");
            }
        }
    });
    Ok(())
}

fn webhook(body: &[u8]) -> Option<Uuid> {
    match Task::decode(body) {
        Ok(Task::PostWebhooksV1 { webhook }) => Some(webhook),
        Ok(Task::DeliverLanesV1 { .. } | Task::ApplyChannelEventsV1 { .. } | Task::FetchMediaV1 { .. }) => {
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a task of webhooks cannot be read");
            None
        }
    }
}

/// Sends a pointer to an endpoint that has something due.
pub(crate) async fn publish(publisher: &Publisher, webhook: Uuid, failing: bool) -> Result<(), PublishError> {
    let route = if failing { Route::WebhooksRetry } else { Route::WebhooksFirst };
    publisher.publish(route, &Task::PostWebhooksV1 { webhook }.encode()).await
}

/// Says in metrics how far behind all this is.
async fn watch(pool: &Pool) -> Result<(), Error> {
    let lag = webhook_deliveries::lag(&pool.get().await?).await?;
    let metrics = metrics::get();
    for (table, rows, age) in
        [("webhooks", lag.due, lag.due_seconds), ("webhook_events", lag.events, lag.events_seconds)]
    {
        metrics.backlog.with_label_values(&[table]).set(rows);
        metrics.backlog_age.with_label_values(&[table]).set(age);
    }
    metrics.backlog.with_label_values(&["webhooks_failing"]).set(lag.failing);
    Ok(())
}
