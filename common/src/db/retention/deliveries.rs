//! `webhook_deliveries` past their age, with their tries. What has not ended stays while its endpoint is enabled.

use chrono::{TimeDelta, Utc};
use deadpool_postgres::Object;
use uuid::Uuid;

use super::{LOT, Lot, Owner};
use crate::db::Error;
use crate::db::audit::id_at;
use crate::db::webhook_fanout::next_in_line;

/// The next endpoint whose first delivery is past its age.
pub(super) const DUE: &str = "SELECT w.id, kept.days
    FROM webhooks w
    LEFT JOIN retention_policies r ON r.organization_id = w.organization_id
    CROSS JOIN LATERAL (SELECT coalesce(r.deliveries_days, $2) AS days) kept
    CROSS JOIN LATERAL (
        SELECT created_at FROM webhook_deliveries d WHERE d.webhook_id = w.id ORDER BY d.id LIMIT 1
    ) first
    WHERE w.id > $1 AND first.created_at < now() - make_interval(days => kept.days) ORDER BY w.id LIMIT 1";

/// Ids rise with time, so those below one are all that may be past their age.
pub(super) const PURGE: &str = "DELETE FROM webhook_deliveries
    WHERE id = ANY(ARRAY(
        SELECT id FROM webhook_deliveries
        WHERE webhook_id = $1 AND id < $2 AND (ended_at IS NOT NULL OR $3) ORDER BY id LIMIT $4))
        AND (ended_at IS NOT NULL OR $3)
    RETURNING conversation_id, ended_at IS NULL";

/// Removes the next deliveries of an endpoint.
pub(super) async fn purge(client: &mut Object, owner: Owner) -> Result<Lot, Error> {
    let tx = client.transaction().await?;
    // Only where nothing is posted now is an endpoint's lock taken: what waits there has waited for too long.
    let sql = "SELECT ordered FROM webhooks WHERE id = $1 AND (NOT enabled OR deleted_at IS NOT NULL) FOR NO KEY UPDATE";
    let idle = tx.query_opt(&tx.prepare_cached(sql).await?, &[&owner.id]).await?;
    let (waits, ordered) = match &idle {
        Some(row) => (true, row.try_get(0)?),
        None => (false, false),
    };
    let before = id_at(Utc::now() - TimeDelta::days(owner.days.into()));
    let rows = tx.query(&tx.prepare_cached(PURGE).await?, &[&owner.id, &before, &waits, &LOT]).await?;
    let mut lines: Vec<(Uuid, Uuid)> = Vec::new();
    for row in rows.iter().filter(|_| ordered) {
        if row.try_get(1)? {
            lines.extend(row.try_get::<_, Option<Uuid>>(0)?.map(|id| (owner.id, id)));
        }
    }
    lines.sort_unstable();
    lines.dedup();
    next_in_line(&tx, lines.into_iter()).await?;
    tx.commit().await?;
    Ok(Lot { rows: rows.len() as u64, more: rows.len() as i64 == LOT })
}
