//! `audit_log` past its age.

use chrono::{TimeDelta, Utc};
use deadpool_postgres::Object;

use super::{LOT, Lot, Owner, count};
use crate::db::Error;
use crate::db::audit::id_at;

/// The next organization whose log begins with an entry past its age.
pub(super) const DUE: &str = "SELECT o.id, kept.days
    FROM organizations o
    LEFT JOIN retention_policies r ON r.organization_id = o.id
    CROSS JOIN LATERAL (SELECT coalesce(r.audit_days, $2) AS days) kept
    CROSS JOIN LATERAL (SELECT at FROM audit_log a WHERE a.organization_id = o.id ORDER BY a.id LIMIT 1) first
    WHERE o.id > $1 AND first.at < now() - make_interval(days => kept.days) ORDER BY o.id LIMIT 1";

/// Ids rise with time.
pub(super) const PURGE: &str = "DELETE FROM audit_log WHERE id = ANY(ARRAY(
    SELECT id FROM audit_log WHERE organization_id = $1 AND id < $2 ORDER BY id LIMIT $3))";

/// Removes the next entries of an organization.
pub(super) async fn purge(client: &mut Object, owner: Owner) -> Result<Lot, Error> {
    let before = id_at(Utc::now() - TimeDelta::days(owner.days.into()));
    let statement = client.prepare_cached(PURGE).await?;
    let rows = client.execute(&statement, &[&owner.id, &before, &LOT]).await?;
    Ok(Lot { rows, more: rows == count(LOT) })
}
