//! `customers`: whoever an organization's phone numbers serve.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Error;
use crate::domain::ids::{CustomerId, OrganizationId};

/// A customer of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// The organization's own id of it.
    pub external_id: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What is to change of a customer; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerChange<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// The organization's own id of it, or none any more.
    pub external_id: Option<Option<&'a str>>,
}

/// The constraint that keeps the organization's own ids apart.
pub const EXTERNAL_ID_KEY: &str = "customers_external_id_key";

const COLUMNS: &str = "id, name, external_id, created_at, updated_at";

fn read(row: &Row) -> Result<Customer, Error> {
    Ok(Customer {
        id: CustomerId(row.try_get(0)?),
        name: row.try_get(1)?,
        external_id: row.try_get(2)?,
        created_at: row.try_get(3)?,
        updated_at: row.try_get(4)?,
    })
}

/// Adds a customer.
///
/// # Errors
/// When the database fails, or `EXTERNAL_ID_KEY` is violated.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    name: &str,
    external_id: Option<&str>,
) -> Result<Customer, Error> {
    let sql = format!(
        "INSERT INTO customers (id, organization_id, name, external_id) VALUES ($1, $2, $3, $4) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    read(&client.query_one(&statement, &[&CustomerId::new().0, &organization.0, &name, &external_id]).await?)
}

/// Changes a customer; none if the organization has no such customer.
///
/// # Errors
/// When the database fails, or `EXTERNAL_ID_KEY` is violated.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: CustomerId,
    change: CustomerChange<'_>,
) -> Result<Option<Customer>, Error> {
    let sql = format!(
        "UPDATE customers SET name = coalesce($3, name), external_id = CASE WHEN $4 THEN $5 ELSE external_id END,
            updated_at = now()
        WHERE organization_id = $1 AND id = $2 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (given, external_id) = (change.external_id.is_some(), change.external_id.flatten());
    let params: [&(dyn ToSql + Sync); 5] = [&organization.0, &id.0, &change.name, &given, &external_id];
    client.query_opt(&statement, &params).await?.as_ref().map(read).transpose()
}

/// The organization's customer with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM customers WHERE organization_id = $1 AND id = $2");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's customers, oldest first, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<Customer>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    client.query(&statement, &[&organization.0, &after, &limit]).await?.iter().map(read).collect()
}

/// Removes a customer; says whether the organization had it.
///
/// # Errors
/// When the database fails, or something refers to the customer.
pub async fn delete(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: CustomerId,
) -> Result<bool, Error> {
    // Numbers that are gone hold nobody.
    let sql = "UPDATE phone_numbers p SET customer_id = NULL WHERE organization_id = $1 AND customer_id = $2
        AND EXISTS (SELECT 1 FROM inboxes i WHERE i.id = p.inbox_id AND i.deleted_at IS NOT NULL)";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    let statement =
        client.prepare_cached("DELETE FROM customers WHERE organization_id = $1 AND id = $2").await?;
    Ok(client.execute(&statement, &[&organization.0, &id.0]).await? == 1)
}
