//! `events`: numbering committed rows, so that readers who follow the number never skip one.

use deadpool_postgres::Pool;

use crate::db::{Error, Tx};

/// Numbers the next rows: those after a position, and those at positions that were skipped before. Returns their positions.
///
/// Rows are numbered in the order of their positions, which within a conversation is the order of commits. The row lock on
/// the organization's counter is held until the commit, so numbers become visible in order even if two sequencers overlap.
const NUMBER: &str = "WITH batch AS (
        (SELECT position, organization_id FROM events WHERE seq IS NULL AND position > $1 ORDER BY position LIMIT $3)
        UNION
        (SELECT position, organization_id FROM events WHERE seq IS NULL AND position = ANY($2))
    ), counted AS (
        SELECT organization_id, count(*) AS n FROM batch GROUP BY organization_id ORDER BY organization_id
    ), bumped AS (
        INSERT INTO event_sequences AS s (organization_id, last_seq) SELECT organization_id, n FROM counted
        ON CONFLICT (organization_id) DO UPDATE SET last_seq = s.last_seq + excluded.last_seq
        RETURNING organization_id, last_seq
    ), numbered AS (
        SELECT b.position,
            s.last_seq - c.n + row_number() OVER (PARTITION BY b.organization_id ORDER BY b.position) AS seq
        FROM batch b JOIN counted c USING (organization_id) JOIN bumped s USING (organization_id)
    )
    UPDATE events e SET seq = n.seq FROM numbered n
    WHERE e.position = n.position AND e.position = ANY(ARRAY(SELECT position FROM batch)) AND e.seq IS NULL
    RETURNING e.position";

/// Hash joins only: the planner takes a batch for a row or two, and would number it again for each of its rows.
const PLAN: &str =
    "SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_nestloop', 'off', true)";
/// Any fixed number: two sequencers never number at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4973601482365)";

/// Numbers rows after `after` (at most `most`) and rows at `skipped` positions; returns the positions numbered, rising.
///
/// # Errors
/// When the database fails.
pub async fn number(pool: &Pool, after: i64, skipped: &[i64], most: i64) -> Result<Vec<i64>, Error> {
    let tx = Tx::open(pool).await?;
    let plan = tx.step(PLAN, vec![]).await?;
    let lock = tx.step(LOCK, vec![]).await?;
    tx.begin(&[plan, lock]).await?;
    let step = tx.step(NUMBER, vec![&after, &skipped, &most]).await?;
    let rows = tx.commit(&[step]).await?;
    let mut positions: Vec<i64> = rows.iter().flatten().map(|row| row.get(0)).collect();
    positions.sort_unstable();
    Ok(positions)
}

/// The highest position drawn so far, by whatever transaction.
///
/// # Errors
/// When the database fails.
pub async fn highest(pool: &Pool) -> Result<i64, Error> {
    let sql =
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')::regclass), 0)";
    Ok(pool.get().await?.query_one(sql, &[]).await?.get(0))
}
