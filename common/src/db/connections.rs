//! `connections`: provider accounts and their sealed credentials.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use crate::channels::Channel;
use crate::domain::ids::{ConnectionId, ConversationId, InboxId, OrganizationId, UserId};

/// A provider account.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id; also the context of the sealed credentials.
    pub id: ConnectionId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its channel.
    pub channel: Channel,
    /// The provider's id of the account.
    pub external_id: String,
    /// Replaces the provider's base address.
    pub api_url: Option<String>,
    /// The channel's secrets, sealed.
    pub credentials: Vec<u8>,
    /// Who created it.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A provider account to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewConnection<'a> {
    /// Its id; also the context of the sealed credentials.
    pub id: ConnectionId,
    /// Its channel.
    pub channel: Channel,
    /// The provider's id of the account.
    pub external_id: &'a str,
    /// Replaces the provider's base address.
    pub api_url: Option<&'a str>,
    /// The channel's secrets, sealed.
    pub credentials: &'a [u8],
    /// Who creates it.
    pub created_by: UserId,
}

/// The constraint that keeps an organization's accounts apart.
pub const EXTERNAL_ID_KEY: &str = "connections_external_id_key";

/// The constraint that keeps connections which inboxes need.
pub const IN_USE: &str = "inboxes_organization_id_connection_id_fkey";

const COLUMNS: &str =
    "id, organization_id, channel, external_id, api_url, credentials, created_by, created_at, updated_at";

fn read(row: &Row) -> Result<Connection, Error> {
    Ok(Connection {
        id: ConnectionId(row.try_get(0)?),
        organization: OrganizationId(row.try_get(1)?),
        channel: row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?,
        external_id: row.try_get(3)?,
        api_url: row.try_get(4)?,
        credentials: row.try_get(5)?,
        created_by: UserId(row.try_get(6)?),
        created_at: row.try_get(7)?,
        updated_at: row.try_get(8)?,
    })
}

/// Stores a provider account.
///
/// # Errors
/// When the database fails, or `EXTERNAL_ID_KEY` is violated.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    new: NewConnection<'_>,
) -> Result<Connection, Error> {
    let sql = format!(
        "INSERT INTO connections (id, organization_id, channel, external_id, api_url, credentials, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let channel = new.channel.as_str();
    let row = client
        .query_one(
            &statement,
            &[
                &new.id.0,
                &organization.0,
                &channel,
                &new.external_id,
                &new.api_url,
                &new.credentials,
                &new.created_by.0,
            ],
        )
        .await?;
    read(&row)
}

/// The organization's connection with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ConnectionId,
) -> Result<Option<Connection>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM connections WHERE organization_id = $1 AND id = $2");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's connections, oldest first, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<ConnectionId>,
    limit: i64,
) -> Result<Vec<Connection>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM connections WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    client.query(&statement, &[&organization.0, &after, &limit]).await?.iter().map(read).collect()
}

/// The organization's connections to these accounts of a channel.
///
/// # Errors
/// When the database fails.
pub async fn list_by_external_id(
    client: &impl GenericClient,
    organization: OrganizationId,
    channel: Channel,
    external_ids: &[String],
) -> Result<Vec<Connection>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM connections WHERE organization_id = $1 AND channel = $2 AND external_id = ANY($3)"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&organization.0, &channel.as_str(), &external_ids]).await?;
    rows.iter().map(read).collect()
}

/// The organization's connections of a channel, oldest first, up to `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_by_channel(
    client: &impl GenericClient,
    organization: OrganizationId,
    channel: Channel,
    limit: i64,
) -> Result<Vec<Connection>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM connections WHERE organization_id = $1 AND channel = $2 ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&organization.0, &channel.as_str(), &limit]).await?;
    rows.iter().map(read).collect()
}

/// Id and sealed credentials of every connection of a channel, in all organizations: for the provider's own calls, which
/// name no organization.
///
/// # Errors
/// When the database fails.
pub async fn list_credentials(
    client: &impl GenericClient,
    channel: Channel,
) -> Result<Vec<(ConnectionId, Vec<u8>)>, Error> {
    let statement =
        client.prepare_cached("SELECT id, credentials FROM connections WHERE channel = $1").await?;
    let rows = client.query(&statement, &[&channel.as_str()]).await?;
    rows.iter().map(|row| Ok((ConnectionId(row.try_get(0)?), row.try_get(1)?))).collect()
}

/// What is to change of a connection; what is left out stays as it is.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionChange<'a> {
    /// What replaces the provider's base address.
    pub api_url: Option<&'a str>,
    /// The channel's secrets, sealed.
    pub credentials: &'a [u8],
    /// As it was read: whoever came between is not overwritten.
    pub read: DateTime<Utc>,
}

/// Replaces a connection's credentials; none if it is not as it was read any more. Inboxes that the provider refused are tried
/// again soon.
///
/// # Errors
/// When the database fails.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ConnectionId,
    change: ConnectionChange<'_>,
) -> Result<Option<Connection>, Error> {
    let sql = format!(
        "UPDATE connections SET api_url = $3, credentials = $4, updated_at = clock_timestamp()
        WHERE organization_id = $1 AND id = $2 AND updated_at = $5 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let params: [&(dyn ToSql + Sync); 5] =
        [&organization.0, &id.0, &change.api_url, &change.credentials, &change.read];
    let Some(row) = client.query_opt(&statement, &params).await? else { return Ok(None) };
    let sql =
        "UPDATE inboxes SET gate_probe_at = CASE gate WHEN 'closed' THEN now() ELSE gate_probe_at END, check_at = now()
        WHERE organization_id = $1 AND connection_id = $2 AND deleted_at IS NULL";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    read(&row).map(Some)
}

/// Removes a connection and its secrets for good; says whether the organization had it.
///
/// # Errors
/// When the database fails, or `IN_USE` is violated: an inbox that is there needs it.
pub async fn delete(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ConnectionId,
) -> Result<bool, Error> {
    let sql = "UPDATE inboxes SET connection_id = NULL
        WHERE organization_id = $1 AND connection_id = $2 AND deleted_at IS NOT NULL";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    let statement =
        client.prepare_cached("DELETE FROM connections WHERE organization_id = $1 AND id = $2").await?;
    Ok(client.execute(&statement, &[&organization.0, &id.0]).await? == 1)
}

/// The connection by which a conversation's messages leave; none if there is no such conversation, or its inbox was deleted.
///
/// # Errors
/// When the database fails.
pub async fn find_of_conversation(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ConversationId,
) -> Result<Option<Connection>, Error> {
    let of = "i.id = (SELECT inbox_id FROM conversations WHERE organization_id = $1 AND id = $2)";
    find_by(client, of, (organization, id.0)).await
}

/// The connection of an inbox; none if there is no such inbox, or it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn find_of_inbox(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
) -> Result<Option<Connection>, Error> {
    find_by(client, "i.id = $2", (organization, id.0)).await
}

async fn find_by(
    client: &impl GenericClient,
    condition: &str,
    (organization, id): (OrganizationId, Uuid),
) -> Result<Option<Connection>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM connections WHERE organization_id = $1 AND id = (
            SELECT i.connection_id FROM inboxes i WHERE i.organization_id = $1 AND i.deleted_at IS NULL AND {condition})"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id]).await?.as_ref().map(read).transpose()
}
