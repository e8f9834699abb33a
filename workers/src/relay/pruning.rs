//! Forgets what is past its age: idempotent answers, deduplication keys, unclaimed provider ids, dead processes, webhooks' postings, visitors' sessions, files that
//! no message refers to, and objects that nothing answers for.

use common::db::{Error, media};
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
    // Their tries go with them. What still waits after so long is of an endpoint that was disabled or deleted.
    "DELETE FROM webhook_deliveries WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM webhook_deliveries WHERE created_at < now() - interval '30 days' ORDER BY created_at LIMIT 5000))",
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

/// Nothing to remember.
#[derive(Default)]
pub(super) struct State;

impl Step for State {
    /// Prunes a little of everything; says whether there is more.
    async fn step(&mut self, shared: &Shared) -> Result<bool, Error> {
        let client = shared.context.pool.get().await?;
        let mut more = false;
        for statement in PRUNE {
            more |= client.execute(*statement, &[]).await? >= 5_000;
        }
        more |= media::prune(&client, FILES).await? == FILES;
        Ok(more | delete_strays(shared, &client).await?)
    }
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
