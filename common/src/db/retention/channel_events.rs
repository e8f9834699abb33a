//! `channel_events` past their age, of all organizations together, and what was set aside of them.

use deadpool_postgres::Object;

use super::{LOT, Lot, count};
use crate::db::Error;

/// Removes what was worked off of the next rows, and says where the next ones begin; nowhere when they are within their age. What waits,
/// and what somebody may replay, stays.
pub(super) const PURGE: &str = "WITH lot AS MATERIALIZED (
        SELECT id, received_at FROM channel_events WHERE id > $1 ORDER BY id LIMIT $3
    ), old AS MATERIALIZED (
        SELECT id FROM lot WHERE received_at < now() - make_interval(days => $2)
    ), gone AS (
        DELETE FROM channel_events c
        WHERE id = ANY(ARRAY(SELECT id FROM old)) AND processed_at < now() - make_interval(days => $2)
            AND NOT (effect LIKE 'dead:%' AND EXISTS (
                SELECT FROM dead_letters d
                WHERE d.channel_event_id = c.id AND d.replayed_at IS NULL AND d.discarded_at IS NULL))
        RETURNING 1
    )
    SELECT (SELECT max(id) FROM old), (SELECT count(*) FROM gone)";

/// Removes the next rows after `reached`, which moves; nothing more is to be looked at once no row is old enough.
pub(super) async fn purge(client: &Object, reached: &mut i64, days: i32) -> Result<Lot, Error> {
    let row = client.query_one(&client.prepare_cached(PURGE).await?, &[&*reached, &days, &LOT]).await?;
    let last: Option<i64> = row.try_get(0)?;
    *reached = last.unwrap_or(*reached);
    Ok(Lot { rows: count(row.try_get(1)?), more: last.is_some() })
}

const UNPARSED: &str = "DELETE FROM unparsed_webhooks WHERE id = ANY(ARRAY(
        SELECT id FROM unparsed_webhooks ORDER BY id LIMIT $2))
    AND received_at < now() - make_interval(days => $1)";

/// Removes the next bodies that could not be taken apart.
pub(super) async fn purge_unparsed(client: &Object, days: i32) -> Result<u64, Error> {
    Ok(client.execute(&client.prepare_cached(UNPARSED).await?, &[&days, &LOT]).await?)
}

/// Open ones stay until somebody replays or discards them.
const DEAD_LETTERS: &str = "DELETE FROM dead_letters WHERE id = ANY(ARRAY(
        SELECT id FROM dead_letters WHERE greatest(replayed_at, discarded_at) < now() - make_interval(days => $1)
        ORDER BY id LIMIT $2))";

/// Removes the next dead letters that were replayed or discarded.
pub(super) async fn purge_dead_letters(client: &Object, days: i32) -> Result<u64, Error> {
    Ok(client.execute(&client.prepare_cached(DEAD_LETTERS).await?, &[&days, &LOT]).await?)
}
