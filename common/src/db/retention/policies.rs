//! `retention_policies`: organizations that keep their logs for another while than the operator's settings say.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::db::Error;
use crate::domain::ids::OrganizationId;

/// Days for which an organization keeps its logs; none where the operator's settings hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// The event log.
    pub events: Option<i32>,
    /// Deliveries to webhooks.
    pub deliveries: Option<i32>,
    /// The audit log.
    pub audit: Option<i32>,
}

fn read(row: &Row) -> Result<Policy, Error> {
    Ok(Policy { events: row.try_get(0)?, deliveries: row.try_get(1)?, audit: row.try_get(2)? })
}

/// An organization's own policy.
///
/// # Errors
/// When the database fails.
pub async fn find(client: &impl GenericClient, organization: OrganizationId) -> Result<Policy, Error> {
    let sql =
        "SELECT events_days, deliveries_days, audit_days FROM retention_policies WHERE organization_id = $1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&organization.0]).await?;
    Ok(row.as_ref().map(read).transpose()?.unwrap_or_default())
}

/// Every organization that has a policy of its own, for the operator.
///
/// # Errors
/// When the database fails.
pub async fn list(client: &impl GenericClient) -> Result<Vec<(OrganizationId, Policy)>, Error> {
    let sql = "SELECT events_days, deliveries_days, audit_days, organization_id FROM retention_policies
        ORDER BY organization_id";
    let rows = client.query(&client.prepare_cached(sql).await?, &[]).await?;
    rows.iter().map(|row| Ok((OrganizationId(row.try_get(3)?), read(row)?))).collect()
}

/// Sets an organization's policy; one that says nothing is none.
///
/// # Errors
/// When the database fails, or a number is out of bounds.
pub async fn set(
    client: &impl GenericClient,
    organization: OrganizationId,
    policy: &Policy,
) -> Result<(), Error> {
    if *policy == Policy::default() {
        let sql = "DELETE FROM retention_policies WHERE organization_id = $1";
        client.execute(&client.prepare_cached(sql).await?, &[&organization.0]).await?;
        return Ok(());
    }
    let sql =
        "INSERT INTO retention_policies (organization_id, events_days, deliveries_days, audit_days) VALUES ($1, $2, $3, $4)
        ON CONFLICT (organization_id) DO UPDATE SET events_days = excluded.events_days,
            deliveries_days = excluded.deliveries_days, audit_days = excluded.audit_days, updated_at = now()";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&organization.0, &policy.events, &policy.deliveries, &policy.audit]).await?;
    Ok(())
}
