//! `inboxes` and `phone_numbers`: connected channel resources.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::Error;
use crate::channels::Channel;
use crate::domain::ids::{ConnectionId, InboxId, OrganizationId, PhoneNumberId, TeamId, UserId};

/// A connected resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    /// Its id.
    pub id: InboxId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its channel.
    pub channel: Channel,
    /// The provider's id of the resource.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// The provider's messaging service that sends for it, if one does.
    pub messaging_service: Option<String>,
    /// Where its new conversations go.
    pub team: Option<TeamId>,
    /// `active`, `degraded` or `disconnected`.
    pub state: String,
    /// Why it is not active.
    pub reasons: Vec<String>,
    /// Who connected it.
    pub created_by: UserId,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A resource to be connected.
#[derive(Debug, Clone, Copy)]
pub struct NewInbox<'a> {
    /// The account it belongs to.
    pub connection: ConnectionId,
    /// Its channel.
    pub channel: Channel,
    /// The provider's id of the resource.
    pub external_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Who connects it.
    pub created_by: UserId,
}

/// A phone number of an inbox to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewPhoneNumber<'a> {
    /// The provider's id of it.
    pub provider_id: &'a str,
    /// As people write it.
    pub display_phone_number: &'a str,
    /// The name that contacts see.
    pub verified_name: Option<&'a str>,
}

/// The constraint that gives a resource to one organization at a time.
pub const RESOURCE_KEY: &str = "inboxes_resource_key";

const COLUMNS: &str = "id, organization_id, channel, external_id, name, team_id, state, reasons, created_by, created_at, updated_at, messaging_service_id";

fn read(row: &Row) -> Result<Inbox, Error> {
    Ok(Inbox {
        id: InboxId(row.try_get(0)?),
        organization: OrganizationId(row.try_get(1)?),
        channel: row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?,
        external_id: row.try_get(3)?,
        name: row.try_get(4)?,
        team: row.try_get::<_, Option<_>>(5)?.map(TeamId),
        state: row.try_get(6)?,
        reasons: row.try_get(7)?,
        created_by: UserId(row.try_get(8)?),
        created_at: row.try_get(9)?,
        updated_at: row.try_get(10)?,
        messaging_service: row.try_get(11)?,
    })
}

/// Connects a resource.
///
/// # Errors
/// When the database fails, or `RESOURCE_KEY` is violated.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    new: NewInbox<'_>,
) -> Result<Inbox, Error> {
    let sql = format!(
        "INSERT INTO inboxes (id, organization_id, connection_id, channel, external_id, name, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (id, channel) = (InboxId::new(), new.channel.as_str());
    let row = client
        .query_one(
            &statement,
            &[
                &id.0,
                &organization.0,
                &new.connection.0,
                &channel,
                &new.external_id,
                &new.name,
                &new.created_by.0,
            ],
        )
        .await?;
    read(&row)
}

/// How an inbox sends.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// Messages a second.
    pub pace: i32,
    /// The provider's messaging service to send through.
    pub messaging_service: Option<&'a str>,
}

/// Sets how an inbox sends, where the channel's default does not fit.
///
/// # Errors
/// When the database fails, or there is no such inbox.
pub async fn set_sending(
    client: &impl GenericClient,
    organization: OrganizationId,
    inbox: InboxId,
    sending: Sending<'_>,
) -> Result<Inbox, Error> {
    let sql = format!(
        "UPDATE inboxes SET pace = $3, messaging_service_id = $4 WHERE organization_id = $1 AND id = $2
        RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_one(&statement, &[&organization.0, &inbox.0, &sending.pace, &sending.messaging_service])
        .await?;
    read(&row)
}

/// Stores the phone number of an inbox.
///
/// # Errors
/// When the database fails.
pub async fn insert_phone_number(
    client: &impl GenericClient,
    organization: OrganizationId,
    inbox: InboxId,
    new: NewPhoneNumber<'_>,
) -> Result<(), Error> {
    let sql = "INSERT INTO phone_numbers
            (id, organization_id, inbox_id, provider_id, display_phone_number, verified_name)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let statement = client.prepare_cached(sql).await?;
    let id = PhoneNumberId::new();
    client
        .execute(
            &statement,
            &[
                &id.0,
                &organization.0,
                &inbox.0,
                &new.provider_id,
                &new.display_phone_number,
                &new.verified_name,
            ],
        )
        .await?;
    Ok(())
}

/// The organization's inbox with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
) -> Result<Option<Inbox>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM inboxes WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// The channels that have an inbox, in all organizations: what an operator has to run.
///
/// # Errors
/// When the database fails.
pub async fn channels_in_use(client: &impl GenericClient) -> Result<Vec<Channel>, Error> {
    let sql = "SELECT DISTINCT channel FROM inboxes WHERE deleted_at IS NULL";
    let rows = client.query(&client.prepare_cached(sql).await?, &[]).await?;
    rows.iter().map(|row| row.try_get::<_, &str>(0)?.parse().map_err(Error::Stored)).collect()
}

/// A page of the organization's inboxes, oldest first, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<InboxId>,
    limit: i64,
) -> Result<Vec<Inbox>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM inboxes WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL
        ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    client.query(&statement, &[&organization.0, &after, &limit]).await?.iter().map(read).collect()
}
