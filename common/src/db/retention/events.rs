//! `events` past their age, from the beginning of each organization's log on, as far as nobody needs them any more.

use chrono::{DateTime, Utc};
use deadpool_postgres::{GenericClient, Object};

use super::{LOT, Lot, Owner, count};
use crate::config::Retention;
use crate::db::Error;
use crate::domain::ids::OrganizationId;

/// The first event that each organization keeps, and the days for which it keeps one.
macro_rules! first_events {
    ($days:literal) => {
        concat!(
            "event_sequences s
            LEFT JOIN event_purges p ON p.organization_id = s.organization_id
            LEFT JOIN retention_policies r ON r.organization_id = s.organization_id
            CROSS JOIN LATERAL (SELECT coalesce(r.events_days, ",
            $days,
            ") AS days) kept
            CROSS JOIN LATERAL (
                SELECT at FROM events e
                WHERE e.organization_id = s.organization_id AND e.seq > coalesce(p.seq, 0) AND e.seq IS NOT NULL
                ORDER BY e.seq LIMIT 1
            ) first"
        )
    };
}

/// The next organization whose log begins with an event past its age.
pub(super) const DUE: &str = concat!(
    "SELECT s.organization_id, kept.days FROM ",
    first_events!("$2"),
    " WHERE s.organization_id > $1 AND first.at < now() - make_interval(days => kept.days)
    ORDER BY s.organization_id LIMIT 1"
);

pub(super) const OVERDUE: &str = concat!(
    "SELECT coalesce(greatest(max(extract(epoch FROM now() - make_interval(days => kept.days) - first.at)), 0), 0)::bigint FROM ",
    first_events!("$1"),
);

/// A row that is there is not asked for again: a conflict would wait for whoever holds it.
const MARK: &str = "INSERT INTO event_purges (organization_id) SELECT $1::uuid
    WHERE NOT EXISTS (SELECT FROM event_purges WHERE organization_id = $1) ON CONFLICT DO NOTHING";

/// Removes the next events up to the first that is needed: one within its age, one that a reader of the log has not reached, one that
/// is to be posted again, one whose posting has not ended. An endpoint that gets only newer ones needs none.
pub(super) const PURGE: &str = "WITH lot AS MATERIALIZED (
        SELECT position, seq, at FROM events
        WHERE organization_id = $1 AND seq > $2 AND seq IS NOT NULL ORDER BY seq LIMIT $4
    ), stays AS MATERIALIZED (
        SELECT min(seq) AS seq FROM (
            SELECT min(seq) AS seq FROM lot WHERE at >= now() - make_interval(days => $3)
            UNION ALL
            SELECT greatest(coalesce(max(c.seq), 0), min(w.since_seq)) + 1
            FROM webhooks w LEFT JOIN webhook_cursors c ON c.organization_id = w.organization_id
            WHERE w.organization_id = $1 AND w.enabled AND w.deleted_at IS NULL HAVING count(*) > 0
            UNION ALL
            SELECT seq + 1 FROM notification_cursors WHERE organization_id = $1
            UNION ALL
            SELECT coalesce((SELECT seq FROM search_progress WHERE organization_id = $1), 0) + 1
            UNION ALL
            SELECT min(reached_seq) + 1 FROM webhook_replays
            WHERE organization_id = $1 AND ended_at IS NULL AND kind = 'range'
            UNION ALL
            SELECT min(d.seq) FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id
            WHERE w.organization_id = $1 AND w.deleted_at IS NULL AND d.ended_at IS NULL
                AND d.seq >= (SELECT min(seq) FROM lot) AND d.seq <= (SELECT max(seq) FROM lot)
        ) AS needed
    ), gone AS (
        DELETE FROM events
        WHERE position = ANY(ARRAY(SELECT lot.position FROM lot, stays WHERE stays.seq IS NULL OR lot.seq < stays.seq))
        RETURNING seq, at
    ), told AS (
        SELECT count(*) AS n, max(seq) AS seq, max(at) AS at FROM gone
    )
    UPDATE event_purges p SET seq = told.seq, at = greatest(p.at, told.at) FROM told
    WHERE p.organization_id = $1 AND told.n > 0 RETURNING told.n";

/// Removes the next events of an organization.
pub(super) async fn purge(client: &mut Object, owner: Owner) -> Result<Lot, Error> {
    let tx = client.transaction().await?;
    tx.execute(&tx.prepare_cached(MARK).await?, &[&owner.id]).await?;
    // Somebody who holds it is done in a moment, and the next pass comes by.
    let sql = "SELECT seq FROM event_purges WHERE organization_id = $1 FOR UPDATE SKIP LOCKED";
    let Some(row) = tx.query_opt(&tx.prepare_cached(sql).await?, &[&owner.id]).await? else {
        return Ok(Lot { rows: 0, more: false });
    };
    let begin: i64 = row.try_get(0)?;
    let row = tx.query_opt(&tx.prepare_cached(PURGE).await?, &[&owner.id, &begin, &owner.days, &LOT]).await?;
    tx.commit().await?;
    let rows = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(Lot { rows: count(rows), more: rows == LOT })
}

/// What is no longer in an organization's event log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Events with a higher number are there.
    pub after: i64,
    /// And those that happened later than this.
    pub since: Option<DateTime<Utc>>,
}

/// From where on an organization's events are there, and stay until this transaction ends, by which time the caller has written
/// down which of them it needs.
///
/// # Errors
/// When the database fails.
pub async fn hold(client: &impl GenericClient, organization: OrganizationId) -> Result<Kept, Error> {
    client.execute(&client.prepare_cached(MARK).await?, &[&organization.0]).await?;
    let sql = "SELECT seq, at FROM event_purges WHERE organization_id = $1 FOR SHARE";
    let row = client.query_one(&client.prepare_cached(sql).await?, &[&organization.0]).await?;
    Ok(Kept { after: row.try_get(0)?, since: row.try_get(1)? })
}

/// For how many seconds the first event of any organization is past its age: because somebody needs it, or because nobody purges.
///
/// # Errors
/// When the database fails.
pub async fn overdue(client: &impl GenericClient, retention: &Retention) -> Result<i64, Error> {
    let statement = client.prepare_cached(OVERDUE).await?;
    Ok(client.query_one(&statement, &[&retention.events]).await?.try_get(0)?)
}
