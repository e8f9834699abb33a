//! `duties`: who holds what only one process may do at a time.

use std::time::Duration;

use deadpool_postgres::Pool;
use uuid::Uuid;

use super::{Error, within};

/// Longest wait for an answer of a server that is there.
const PATIENCE: Duration = Duration::from_secs(3);

/// A process, for leases.
pub type Holder = Uuid;

/// Takes or keeps a duty for `lease`; false while another process holds it.
///
/// # Errors
/// When the database fails, or does not answer while the lease would last.
pub async fn hold(pool: &Pool, name: &str, holder: Holder, lease: Duration) -> Result<bool, Error> {
    let sql =
        "INSERT INTO duties (name, holder, expires_at) VALUES ($1, $2, now() + $3 * interval '1 second')
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
        WHERE duties.holder = excluded.holder OR duties.expires_at < now()";
    // The wait for a connection counts too: a server that stands still is to be noticed whatever it keeps waiting.
    let asked = async {
        let client = pool.get().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute(&statement, &[&name, &holder, &lease.as_secs_f64()]).await?)
    };
    Ok(within(lease, asked).await? == 1)
}

/// Gives a duty up.
///
/// # Errors
/// When the database fails.
pub async fn release(pool: &Pool, name: &str, holder: Holder) -> Result<(), Error> {
    let client = pool.get().await?;
    client.execute("DELETE FROM duties WHERE name = $1 AND holder = $2", &[&name, &holder]).await?;
    Ok(())
}

/// Says that a process of this kind is alive.
///
/// # Errors
/// When the database fails, or does not answer in time.
pub async fn beat(pool: &Pool, id: Holder, kind: &str) -> Result<(), Error> {
    let sql = "INSERT INTO processes (id, kind) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET seen_at = now()";
    let asked = async {
        let client = pool.get().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute(&statement, &[&id, &kind]).await?)
    };
    within(PATIENCE, asked).await?;
    Ok(())
}
