//! `outbox`: pointers to work that is due now.

use deadpool_postgres::Pool;
use tokio_postgres::Row as SqlRow;

use super::Error;
use crate::outbox::{Row, row};

/// Inserts rows for lanes: part, then arrays of routes, lanes and inboxes.
pub const INSERT: &str = "INSERT INTO outbox (part, route, lane, inbox_id)
    SELECT $1::smallint, * FROM unnest($2::text[], $3::uuid[], $4::uuid[])
    RETURNING part, id, route, lane, inbox_id";

/// Reads what `INSERT` returns.
///
/// # Errors
/// When a column is not what it should be.
pub fn read(sql: &SqlRow) -> Result<Row, Error> {
    let key: &str = sql.try_get(2)?;
    row(sql.try_get(0)?, sql.try_get(1)?, key, sql.try_get(3)?, sql.try_get(4)?)
        .ok_or_else(|| Error::Stored(format!("outbox route {key}")))
}

/// Deletes published rows.
///
/// # Errors
/// When the database fails.
pub async fn delete(pool: &Pool, rows: &[Row]) -> Result<(), Error> {
    let client = pool.get().await?;
    let sql = "DELETE FROM outbox o USING unnest($1::smallint[], $2::bigint[]) AS gone (part, id)
        WHERE o.part = gone.part AND o.id = gone.id AND o.part = ANY($1) AND o.id = ANY($2)";
    let statement = client.prepare_cached(sql).await?;
    let (parts, ids): (Vec<i16>, Vec<i64>) = rows.iter().map(|row| (row.part, row.id)).unzip();
    client.execute(&statement, &[&parts, &ids]).await?;
    Ok(())
}

/// The oldest rows of a partition that are at least a second old.
///
/// # Errors
/// When the database fails.
pub async fn list_missed(pool: &Pool, part: i16, most: usize) -> Result<Vec<Row>, Error> {
    let client = pool.get().await?;
    let sql = "SELECT part, id, route, lane, inbox_id FROM outbox
        WHERE part = $1 AND created_at < now() - interval '1 second' ORDER BY id LIMIT $2";
    let statement = client.prepare_cached(sql).await?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    client.query(&statement, &[&part, &most]).await?.iter().map(read).collect()
}

/// Partitions that have rows nobody published for a few seconds.
///
/// # Errors
/// When the database fails.
pub async fn orphaned(pool: &Pool) -> Result<Vec<i16>, Error> {
    let client = pool.get().await?;
    let sql = "SELECT p::smallint FROM generate_series(0, $1::int - 1) AS p
        WHERE EXISTS (SELECT 1 FROM outbox WHERE part = p::smallint AND created_at < now() - interval '3 seconds')";
    let statement = client.prepare_cached(sql).await?;
    let parts = i32::from(crate::outbox::PARTITIONS);
    Ok(client.query(&statement, &[&parts]).await?.iter().map(|row| row.get(0)).collect())
}
