//! Forgets what is past its age: logs, as long as operator and organizations say; idempotent answers, deduplication keys, unclaimed
//! provider ids, dead processes, visitors' sessions, files that no message refers to, and objects that nothing answers for.

use std::time::{Duration, Instant};

use common::db::retention::{self, Pass};
use common::db::{Error, media};
use common::metrics;
use deadpool_postgres::Object;

use super::Shared;
use super::duty::Step;

/// Each statement removes a bounded number of rows, so that no transaction grows long.
const PRUNE: &[&str] = &[
    "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours' LIMIT 5000))",
    // Providers repeat webhooks for up to seven days.
    "DELETE FROM channel_event_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM channel_event_keys WHERE seen_at < now() - interval '8 days' LIMIT 5000))",
    // Statuses of messages that were never ours, such as another program's on the same number.
    "DELETE FROM provider_ids WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM provider_ids WHERE message_id IS NULL AND created_at < now() - interval '8 days' LIMIT 5000))",
    // Of inboxes whose gate stayed closed, or that were deleted.
    "DELETE FROM read_receipts WHERE created_at < now() - interval '1 day'",
    "DELETE FROM notifications WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM notifications WHERE ended_at < now() - interval '30 days' LIMIT 5000))",
    "DELETE FROM webhook_replays WHERE ended_at < now() - interval '30 days'",
    "DELETE FROM webhooks w WHERE deleted_at < now() - interval '31 days'
        AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.id)
        AND NOT EXISTS (SELECT FROM webhook_replays r WHERE r.webhook_id = w.id)",
    "DELETE FROM shared_inbox_sessions WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM shared_inbox_sessions WHERE expires_at < now() - interval '30 days' LIMIT 5000))",
    "DELETE FROM processes WHERE seen_at < now() - interval '1 day'",
    "DELETE FROM intake_progress WHERE updated_at < now() - interval '8 days'",
    "DELETE FROM duties WHERE expires_at < now() - interval '1 day'",
];

/// Files looked at, and objects deleted, in a step.
const FILES: i64 = 200;

/// Between looks at everything but the logs, and between passes through those.
const PAUSE: Duration = Duration::from_secs(60);
/// Longest time at the logs in a step; the duty's lease is looked after in between.
const STEP: Duration = Duration::from_millis(300);

/// Where the pass through the logs is, and when it and the rest are due.
#[derive(Default)]
pub(super) struct State {
    pass: Pass,
    logs_rest_until: Option<Instant>,
    rest_until: Option<Instant>,
}

impl Step for State {
    /// Prunes a little of everything; says whether there is more.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let mut more = false;
        if is_due(self.rest_until) {
            more = forget(shared).await?;
            self.rest_until = (!more).then(|| Instant::now() + PAUSE);
        }
        if is_due(self.logs_rest_until) {
            let through = self.purge_logs(shared).await?;
            self.logs_rest_until = through.then(|| Instant::now() + PAUSE);
            more |= !through;
        }
        Ok(more)
    }
}

fn is_due(rest_until: Option<Instant>) -> bool {
    rest_until.is_none_or(|end| end <= Instant::now())
}

impl State {
    /// Goes on through the logs; says whether the pass is through.
    async fn purge_logs(&mut self, shared: &Shared) -> Result<bool, Error> {
        let (pool, retention) = (&shared.context.pool, &shared.context.config.retention);
        let begun = Instant::now();
        while begun.elapsed() < STEP {
            let lot = Instant::now();
            let Some(purged) = self.pass.step(pool, retention).await? else {
                let overdue = retention::overdue(&pool.get().await?, retention).await?;
                metrics::get().retention.overdue.with_label_values(&["events"]).set(overdue);
                return Ok(true);
            };
            metrics::get().retention.purged.with_label_values(&[purged.table]).inc_by(purged.rows);
            // Live traffic has the server to itself for as long as a lot has taken.
            tokio::time::sleep(lot.elapsed()).await;
        }
        Ok(false)
    }
}

/// Forgets a little of everything but the logs; says whether there is more.
async fn forget(shared: &Shared) -> Result<bool, Error> {
    let client = shared.context.pool.get().await?;
    let mut more = false;
    for statement in PRUNE {
        more |= client.execute(*statement, &[]).await? >= 5_000;
    }
    more |= media::prune(&client, FILES).await? == FILES;
    Ok(more | delete_strays(shared, &client).await?)
}

/// Deletes objects that nothing answers for; the rest waits when the store does not answer.
async fn delete_strays(shared: &Shared, client: &Object) -> Result<bool, Error> {
    let keys = media::list_strays(client, FILES).await?;
    let more = keys.len() as i64 == FILES;
    let mut deleted = Vec::with_capacity(keys.len());
    for key in keys {
        if let Err(error) = shared.store.delete(&key).await {
            tracing::warn!(%error, "an object that nothing answers for could not be deleted");
            media::forget_objects(client, &deleted).await?;
            return Ok(false);
        }
        deleted.push(key);
    }
    media::forget_objects(client, &deleted).await?;
    Ok(more)
}
