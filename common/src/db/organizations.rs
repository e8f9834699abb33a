//! `organizations`: the tenants.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::Error;
use crate::domain::ids::OrganizationId;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, name, created_at";

fn read(row: &Row) -> Result<Organization, Error> {
    Ok(Organization {
        id: OrganizationId(row.try_get(0)?),
        name: row.try_get(1)?,
        created_at: row.try_get(2)?,
    })
}

/// Creates an organization.
///
/// # Errors
/// When the database fails or the name is not 1 to 200 characters long.
pub async fn insert(client: &impl GenericClient, name: &str) -> Result<Organization, Error> {
    let sql = format!("INSERT INTO organizations (id, name) VALUES ($1, $2) RETURNING {COLUMNS}");
    let statement = client.prepare_cached(&sql).await?;
    read(&client.query_one(&statement, &[&OrganizationId::new().0, &name]).await?)
}

/// The organization with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(client: &impl GenericClient, id: OrganizationId) -> Result<Option<Organization>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM organizations WHERE id = $1");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(read).transpose()
}

/// Every organization, oldest first; for the operator.
///
/// # Errors
/// When the database fails.
pub async fn list(client: &impl GenericClient) -> Result<Vec<Organization>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM organizations ORDER BY id");
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[]).await?.iter().map(read).collect()
}
