//! `phone_numbers`: the numbers of inboxes, and whom each serves.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Error;
use crate::domain::ids::{CustomerId, InboxId, OrganizationId, PhoneNumberId};

/// A phone number of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// Its id.
    pub id: PhoneNumberId,
    /// The inbox that sends and receives through it.
    pub inbox: InboxId,
    /// The customer that it serves.
    pub customer: Option<CustomerId>,
    /// The provider's id of it.
    pub provider_id: String,
    /// As people write it.
    pub display_phone_number: String,
    /// The name that contacts see.
    pub verified_name: Option<String>,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The constraint that keeps a number's customer within its organization.
pub const CUSTOMER_KEY: &str = "phone_numbers_organization_id_customer_id_fkey";

const COLUMNS: &str =
    "p.id, p.inbox_id, p.customer_id, p.provider_id, p.display_phone_number, p.verified_name,
    p.created_at, p.updated_at";
/// Numbers of inboxes that are there.
const LIVE: &str = "EXISTS (SELECT 1 FROM inboxes i WHERE i.id = p.inbox_id AND i.deleted_at IS NULL)";

fn read(row: &Row) -> Result<PhoneNumber, Error> {
    Ok(PhoneNumber {
        id: PhoneNumberId(row.try_get(0)?),
        inbox: InboxId(row.try_get(1)?),
        customer: row.try_get::<_, Option<_>>(2)?.map(CustomerId),
        provider_id: row.try_get(3)?,
        display_phone_number: row.try_get(4)?,
        verified_name: row.try_get(5)?,
        created_at: row.try_get(6)?,
        updated_at: row.try_get(7)?,
    })
}

/// The organization's phone number with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: PhoneNumberId,
) -> Result<Option<PhoneNumber>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM phone_numbers p WHERE p.organization_id = $1 AND p.id = $2 AND {LIVE}"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// The organization's phone number with this id at its provider, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find_by_provider_id(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: &str,
) -> Result<Option<PhoneNumber>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM phone_numbers p
        WHERE p.organization_id = $1 AND p.provider_id = $2 AND {LIVE} ORDER BY p.id DESC LIMIT 1"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's phone numbers, oldest first, after `after`; all, or those that serve a customer.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    customer: Option<CustomerId>,
    (after, limit): (Option<PhoneNumberId>, i64),
) -> Result<Vec<PhoneNumber>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM phone_numbers p WHERE p.organization_id = $1 AND p.id > $2 AND {LIVE}
            AND ($4::uuid IS NULL OR p.customer_id = $4)
        ORDER BY p.id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    let customer = customer.map(|id| id.0);
    let params: [&(dyn ToSql + Sync); 4] = [&organization.0, &after, &limit, &customer];
    client.query(&statement, &params).await?.iter().map(read).collect()
}

/// Says which customer a phone number serves; none if the organization has no such number.
///
/// # Errors
/// When the database fails, or `CUSTOMER_KEY` is violated: the organization has no such customer.
pub async fn set_customer(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: PhoneNumberId,
    customer: Option<CustomerId>,
) -> Result<Option<PhoneNumber>, Error> {
    let sql = format!(
        "UPDATE phone_numbers p SET customer_id = $3, updated_at = now()
        WHERE p.organization_id = $1 AND p.id = $2 AND {LIVE} RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let customer = customer.map(|id| id.0);
    client.query_opt(&statement, &[&organization.0, &id.0, &customer]).await?.as_ref().map(read).transpose()
}
