//! Since when intake may be trusted to bring evidence, and the gauges that operators watch.

use common::db::{Error, message_search};
use common::metrics;
use common::queue::Route;

use super::Shared;
use super::duty::Step;

/// Intake is behind while no api is alive to take webhooks in, while some wait in the fallback queue or nobody knows, and as
/// long as nobody watched.
const BEHIND: &str = "UPDATE intake_health SET checked_at = now(), behind_at = CASE
    WHEN $1 OR checked_at < now() - interval '15 seconds'
        OR NOT EXISTS (SELECT 1 FROM processes WHERE kind = 'api' AND seen_at > now() - interval '5 seconds')
    THEN now() ELSE behind_at END";

const GAUGES: &str = "SELECT
    (SELECT count(*) FROM lanes WHERE ready_at IS NOT NULL),
    (SELECT count(*) FROM lanes WHERE due_at IS NOT NULL AND state = 'admitted'),
    (SELECT count(*) FROM lanes WHERE due_at IS NOT NULL AND state = 'claimed'),
    (SELECT count(*) FROM lanes WHERE due_at IS NOT NULL AND state = 'waiting'),
    (SELECT count(*) FROM lanes WHERE due_at IS NOT NULL AND state = 'uncertain'),
    (SELECT count(*) FROM outbox),
    (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::bigint FROM outbox),
    (SELECT count(*) FROM channel_events WHERE processed_at IS NULL),
    (SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)::bigint FROM channel_events
        WHERE processed_at IS NULL),
    (SELECT count(*) FROM events WHERE seq IS NULL),
    (SELECT count(*) FROM inboxes WHERE gate = 'open' AND deleted_at IS NULL),
    (SELECT count(*) FROM inboxes WHERE gate = 'half_open' AND deleted_at IS NULL),
    (SELECT count(*) FROM inboxes WHERE gate = 'closed' AND deleted_at IS NULL),
    (SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL AND discarded_at IS NULL),
    (SELECT coalesce(extract(epoch FROM now() - min(at)), 0)::bigint FROM events WHERE seq IS NULL),
    (SELECT count(*) FROM read_receipts),
    (SELECT count(*) FROM media WHERE due_at IS NOT NULL),
    (SELECT count(*) FROM postponements WHERE look_at <= now()),
    (SELECT coalesce(extract(epoch FROM now() - min(look_at)), 0)::bigint FROM postponements WHERE look_at <= now()),
    (SELECT count(*) FROM inboxes WHERE state = 'active' AND deleted_at IS NULL),
    (SELECT count(*) FROM inboxes WHERE state = 'degraded' AND deleted_at IS NULL),
    (SELECT count(*) FROM inboxes WHERE state = 'disconnected' AND deleted_at IS NULL)";

/// Counts down to the next look at the gauges.
#[derive(Default)]
pub(super) struct State {
    steps: u32,
}

impl Step for State {
    /// Notes how intake stands, and every few seconds how much waits.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let waiting =
            shared.publisher.queue(Route::IntakeFallback).await.map_or(true, |queue| queue.messages > 0);
        let client = shared.context.pool.get().await?;
        client.execute(BEHIND, &[&waiting]).await?;
        if self.steps.is_multiple_of(5) {
            let row = client.query_one(GAUGES, &[]).await?;
            let metrics = metrics::get();
            for (index, name) in ["ready", "admitted", "claimed", "waiting", "uncertain"].iter().enumerate() {
                metrics.lanes.with_label_values(&[name]).set(row.try_get(index)?);
            }
            metrics.backlog.with_label_values(&["outbox"]).set(row.try_get(5)?);
            metrics.backlog_age.with_label_values(&["outbox"]).set(row.try_get(6)?);
            metrics.backlog.with_label_values(&["channel_events"]).set(row.try_get(7)?);
            metrics.backlog_age.with_label_values(&["channel_events"]).set(row.try_get(8)?);
            metrics.backlog.with_label_values(&["events"]).set(row.try_get(9)?);
            for (index, name) in ["open", "half_open", "closed"].iter().enumerate() {
                metrics.gates.with_label_values(&[name]).set(row.try_get(10 + index)?);
            }
            metrics.backlog.with_label_values(&["dead_letters"]).set(row.try_get(13)?);
            metrics.backlog_age.with_label_values(&["events"]).set(row.try_get(14)?);
            metrics.backlog.with_label_values(&["read_receipts"]).set(row.try_get(15)?);
            let search = message_search::behind(&client).await?;
            metrics.backlog.with_label_values(&["search"]).set(search.events);
            metrics.backlog_age.with_label_values(&["search"]).set(search.seconds);
            metrics.backlog.with_label_values(&["media"]).set(row.try_get(16)?);
            metrics.backlog.with_label_values(&["postponements"]).set(row.try_get(17)?);
            metrics.backlog_age.with_label_values(&["postponements"]).set(row.try_get(18)?);
            for (index, name) in ["active", "degraded", "disconnected"].iter().enumerate() {
                metrics.inbox_states.with_label_values(&[name]).set(row.try_get(19 + index)?);
            }
        }
        self.steps = self.steps.wrapping_add(1);
        Ok(false)
    }
}
