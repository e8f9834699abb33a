//! `inboxes` and `phone_numbers`: connected channel resources.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use super::connections::{self, Connection};
use crate::channels::Channel;
use crate::domain::ids::{ConnectionId, InboxId, OrganizationId, PhoneNumberId, TeamId, UserId};
use crate::domain::reach::Reach;

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
    /// The inbox for texts that takes over where its channel does not reach.
    pub fallback: Option<InboxId>,
    /// Where its new conversations go.
    pub team: Option<TeamId>,
    /// `active`, `degraded` or `disconnected`.
    pub state: String,
    /// Why it is not active.
    pub reasons: Vec<String>,
    /// Messages a second that it may send.
    pub pace: i32,
    /// Whether a message whose outcome stays unknown is sent again (`resend`) or fails (`park`).
    pub unknown_outcome: String,
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

const COLUMNS: &str = "id, organization_id, channel, external_id, name, team_id, state, reasons, created_by, created_at, updated_at, messaging_service_id, fallback_inbox_id, pace, unknown_outcome";

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
        fallback: row.try_get::<_, Option<_>>(12)?.map(InboxId),
        pace: row.try_get(13)?,
        unknown_outcome: row.try_get(14)?,
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

/// Names the inbox that takes over where an inbox's channel does not reach; both are the organization's.
///
/// # Errors
/// When the database fails, or there is no such inbox.
pub async fn set_fallback(
    client: &impl GenericClient,
    organization: OrganizationId,
    inbox: InboxId,
    fallback: InboxId,
) -> Result<Inbox, Error> {
    let sql = format!(
        "UPDATE inboxes SET fallback_inbox_id = $3 WHERE organization_id = $1 AND id = $2 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    read(&client.query_one(&statement, &[&organization.0, &inbox.0, &fallback.0]).await?)
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

/// A page of the organization's inboxes within reach, oldest first, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    reach: &Reach,
    after: Option<InboxId>,
    limit: i64,
) -> Result<Vec<Inbox>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM inboxes WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL
            AND ($3::uuid[] IS NULL OR id = ANY ($3))
        ORDER BY id LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    let rows = client.query(&statement, &[&organization.0, &after, &reach.inboxes, &limit]).await?;
    rows.iter().map(read).collect()
}

/// What is to change of an inbox; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct InboxChange<'a> {
    /// Another name.
    pub name: Option<&'a str>,
    /// Whether a message whose outcome stays unknown is sent again (`resend`) or fails (`park`).
    pub unknown_outcome: Option<&'a str>,
    /// Messages a second that it may send.
    pub pace: Option<i32>,
}

/// Changes an inbox; none if the organization has no such inbox.
///
/// # Errors
/// When the database fails.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
    change: InboxChange<'_>,
) -> Result<Option<Inbox>, Error> {
    let sql = format!(
        "UPDATE inboxes SET name = coalesce($3, name), unknown_outcome = coalesce($4, unknown_outcome),
            pace = coalesce($5, pace), updated_at = now()
        WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let params: [&(dyn ToSql + Sync); 5] =
        [&organization.0, &id.0, &change.name, &change.unknown_outcome, &change.pace];
    client.query_opt(&statement, &params).await?.as_ref().map(read).transpose()
}

/// Says which team gets the new conversations of an inbox; none if the organization has no such inbox.
///
/// # Errors
/// When the database fails, or the organization has no such team.
pub async fn set_team(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
    team: Option<TeamId>,
) -> Result<Option<Inbox>, Error> {
    let sql = format!(
        "UPDATE inboxes SET team_id = $3, updated_at = CASE WHEN team_id IS DISTINCT FROM $3 THEN now() ELSE updated_at END
        WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let team = team.map(|team| team.0);
    client.query_opt(&statement, &[&organization.0, &id.0, &team]).await?.as_ref().map(read).transpose()
}

/// Disconnects an inbox, with the event of it; says whether the organization had it. From this commit on nothing is claimed for it,
/// whatever its gate says, so that what waits ends at once.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
) -> Result<bool, Error> {
    let sql = "WITH old AS (
            SELECT id, state, reasons FROM inboxes WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE
        ), gone AS (
            UPDATE inboxes i SET deleted_at = now(), updated_at = now(), gate = 'open', gate_probe_at = NULL,
                state = 'disconnected', reasons = '{deleted}'
            FROM old WHERE i.id = old.id
            RETURNING i.id, i.organization_id, i.channel, i.name, old.state AS old_state, old.reasons AS old_reasons
        )
        INSERT INTO events (id, organization_id, type, inbox_id, payload)
        SELECT $3, organization_id, 'inbox.status_changed', id, jsonb_build_object(
            'inbox', jsonb_build_object('id', $4::text, 'channel', channel, 'name', name,
                'status', jsonb_build_object('state', 'disconnected', 'reasons', ARRAY['deleted'])),
            'previousStatus', jsonb_build_object('state', old_state, 'reasons', old_reasons))
        FROM gone";
    let statement = client.prepare_cached(sql).await?;
    let (event, shown) = (Uuid::now_v7(), id.to_string());
    Ok(client.execute(&statement, &[&organization.0, &id.0, &event, &shown]).await? == 1)
}

/// The connection of an inbox; none if the organization has no such inbox.
///
/// # Errors
/// When the database fails.
pub async fn find_connection(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxId,
) -> Result<Option<(Inbox, Connection)>, Error> {
    let Some(inbox) = find(client, organization, id).await? else { return Ok(None) };
    let connection = connections::find_of_inbox(client, organization, id).await?;
    Ok(connection.map(|connection| (inbox, connection)))
}
