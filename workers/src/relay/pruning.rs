//! Forgets what is past its age: idempotent answers, deduplication keys, unclaimed provider ids, dead processes.

use common::db::Error;

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
    "DELETE FROM processes WHERE seen_at < now() - interval '1 day'",
    "DELETE FROM intake_progress WHERE updated_at < now() - interval '8 days'",
    "DELETE FROM duties WHERE expires_at < now() - interval '1 day'",
];

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
        Ok(more)
    }
}
