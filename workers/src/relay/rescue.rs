//! Finds what lost its pointer: outbox partitions whose holder died, channel events that nobody was told of, and contacts'
//! files and customers' webhooks that are due, for the first time or again.

use std::time::Duration;

use common::db::pipeline::channel_events;
use common::db::{self, Error, duties, webhook_deliveries};
use common::outbox;
use common::queue::{Route, Task};
use uuid::Uuid;

use super::Shared;
use super::duty::Step;
use crate::webhooks::publish;

const GROUP: i64 = 480;
/// Files pointed at in a step; more are due in the next.
const FILES: i64 = 200;
/// Endpoints pointed at in a step.
const WEBHOOKS: i64 = 500;

/// The inbound lane reached, so that a long backlog is gone through in turn.
#[derive(Default)]
pub(super) struct State {
    after: Uuid,
}

impl Step for State {
    /// Publishes what was missed; says whether more may be waiting.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        if !shared.publisher.connected() {
            return Ok(false);
        }
        let (pool, holder) = (&shared.context.pool, shared.context.holder);
        for part in db::outbox::orphaned(pool).await? {
            let duty = outbox::duty(part);
            if duties::hold(pool, &duty, holder, Duration::from_secs(10)).await? {
                outbox::sweep(pool, &shared.publisher, part).await?;
                if part != shared.outbox.part() {
                    duties::release(pool, &duty, holder).await?;
                }
            }
        }
        let Some(more_files) = files(shared).await? else { return Ok(false) };
        let Some(more_webhooks) = webhooks(shared).await? else { return Ok(false) };
        let lanes = channel_events::list_missed(pool, self.after, GROUP).await?;
        for chunk in lanes.chunks(Task::EVENT_LANES) {
            let task = Task::ApplyChannelEventsV1 { lanes: chunk.to_vec() };
            if let Err(error) = shared.publisher.publish(Route::Inbound, &task.encode()).await {
                tracing::debug!(%error, "missed channel events wait for the broker");
                return Ok(false);
            }
        }
        let more = lanes.len() == GROUP as usize;
        self.after = if more { lanes.last().copied().unwrap_or_default() } else { Uuid::nil() };
        Ok(more || more_files || more_webhooks)
    }
}

/// Sends pointers to files that are due; says whether more are, or nothing if the broker does not take them.
async fn files(shared: &Shared) -> Result<Option<bool>, Error> {
    let due = db::media::list_due(&shared.context.pool, FILES).await?;
    for chunk in due.chunks(Task::FILES) {
        let task = Task::FetchMediaV1 { media: chunk.to_vec() };
        if let Err(error) = shared.publisher.publish(Route::Media, &task.encode()).await {
            tracing::debug!(%error, "files that are due wait for the broker");
            return Ok(None);
        }
    }
    Ok(Some(due.len() as i64 == FILES))
}

/// Sends pointers to endpoints that have something due; says whether more have, or nothing if the broker does not take them.
async fn webhooks(shared: &Shared) -> Result<Option<bool>, Error> {
    let client = shared.context.pool.get().await?;
    let due = webhook_deliveries::point(&client, None, WEBHOOKS).await?;
    drop(client);
    for (webhook, failing) in &due {
        if let Err(error) = publish(&shared.publisher, *webhook, *failing).await {
            tracing::debug!(%error, "webhooks that are due wait for the broker");
            return Ok(None);
        }
    }
    Ok(Some(due.len() as i64 == WEBHOOKS))
}
