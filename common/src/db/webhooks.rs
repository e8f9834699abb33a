//! `webhooks`: endpoints that events are posted to.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use crate::config::Secret;
use crate::crypto::{Sealer, Unsealable};
use crate::domain::ids::{OrganizationId, UserId, WebhookId};

/// How long the secret before the newest one signs too.
pub const OVERLAP: chrono::TimeDelta = chrono::TimeDelta::hours(24);

/// An endpoint as people see it: neither its secrets nor what its headers say.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id; also the context of what is sealed.
    pub id: WebhookId,
    /// Where events are posted to.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which events, or `*`.
    pub event_types: Vec<String>,
    /// Of which inboxes; none means all.
    pub inboxes: Vec<Uuid>,
    /// Names of further headers.
    pub header_names: Vec<String>,
    /// The header that takes the plain hex HMAC.
    pub hex_signature_header: Option<String>,
    /// Whether a conversation's events are posted one by one.
    pub ordered: bool,
    /// Whether events are posted.
    pub enabled: bool,
    /// Why not.
    pub disabled_reason: Option<String>,
    /// Since when not.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Since when every try has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when the secret before this one signs too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a client says of an endpoint.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where events are posted to.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which events, or `*`.
    pub event_types: Vec<String>,
    /// Of which inboxes; none means all.
    pub inboxes: Vec<Uuid>,
    /// The header that takes the plain hex HMAC.
    pub hex_signature_header: Option<String>,
    /// Whether a conversation's events are posted one by one.
    pub ordered: bool,
}

/// Further headers: their names, and all of them sealed.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// Their names.
    pub names: Vec<String>,
    /// JSON of them, sealed.
    pub sealed: Option<Vec<u8>>,
}

const COLUMNS: &str = "id, url, description, event_types, inbox_ids, header_names, hex_signature_header, ordered, enabled,
    disabled_reason, disabled_at, failing_since, CASE WHEN previous_secret_until > now() THEN previous_secret_until END,
    created_by, created_at, updated_at";

fn read(row: &Row) -> Result<Webhook, Error> {
    Ok(Webhook {
        id: WebhookId(row.try_get(0)?),
        url: row.try_get(1)?,
        description: row.try_get(2)?,
        event_types: row.try_get(3)?,
        inboxes: row.try_get(4)?,
        header_names: row.try_get(5)?,
        hex_signature_header: row.try_get(6)?,
        ordered: row.try_get(7)?,
        enabled: row.try_get(8)?,
        disabled_reason: row.try_get(9)?,
        disabled_at: row.try_get(10)?,
        failing_since: row.try_get(11)?,
        previous_secret_until: row.try_get(12)?,
        created_by: UserId(row.try_get(13)?),
        created_at: row.try_get(14)?,
        updated_at: row.try_get(15)?,
    })
}

/// Seals something of an endpoint.
///
/// # Errors
/// When the system has no randomness to give.
pub fn seal(sealer: &Sealer, id: WebhookId, plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
    sealer.seal(plain, id.0.as_bytes())
}

/// Opens a secret of an endpoint.
///
/// # Errors
/// When it was sealed under another key.
pub fn open(sealer: &Sealer, id: WebhookId, sealed: &[u8]) -> Result<Secret, Unsealable> {
    sealer.open_text(sealed, id.0.as_bytes())
}

/// How many endpoints an organization has.
///
/// # Errors
/// When the database fails.
pub async fn count(client: &impl GenericClient, organization: OrganizationId) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM webhooks WHERE organization_id = $1 AND deleted_at IS NULL";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_one(&statement, &[&organization.0]).await?.try_get(0)?)
}

/// Which of these inboxes the organization has.
///
/// # Errors
/// When the database fails.
pub async fn known_inboxes(
    client: &impl GenericClient,
    organization: OrganizationId,
    inboxes: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT id FROM inboxes WHERE organization_id = $1 AND id = ANY($2)";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&organization.0, &inboxes]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Stores an endpoint: events that are numbered from now on are posted to it.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    (id, by): (WebhookId, UserId),
    settings: &Settings,
    headers: &Headers,
    secret: &[u8],
) -> Result<Webhook, Error> {
    let sql = format!(
        "INSERT INTO webhooks (id, organization_id, url, description, event_types, inbox_ids, hex_signature_header, ordered,
            header_names, headers, secret, created_by, since_seq)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
            coalesce((SELECT last_seq FROM event_sequences WHERE organization_id = $2), 0)
        RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let params: [&(dyn ToSql + Sync); 12] = [
        &id.0,
        &organization.0,
        &settings.url,
        &settings.description,
        &settings.event_types,
        &settings.inboxes,
        &settings.hex_signature_header,
        &settings.ordered,
        &headers.names,
        &headers.sealed,
        &secret,
        &by.0,
    ];
    read(&client.query_one(&statement, &params).await?)
}

/// The organization's endpoint with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: WebhookId,
) -> Result<Option<Webhook>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// Whose endpoint this is, for the operator.
///
/// # Errors
/// When the database fails.
pub async fn find_owner(client: &impl GenericClient, id: Uuid) -> Result<Option<OrganizationId>, Error> {
    let statement = client.prepare_cached("SELECT organization_id FROM webhooks WHERE id = $1").await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.map(|row| Ok(OrganizationId(row.try_get(0)?))).transpose()
}

/// The same, locked until the transaction ends: whoever changes it or moves its postings holds this.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: WebhookId,
) -> Result<Option<Webhook>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's endpoints, oldest first, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<WebhookId>,
    limit: i64,
) -> Result<Vec<Webhook>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    client.query(&statement, &[&organization.0, &after, &limit]).await?.iter().map(read).collect()
}

/// Writes what a client says of a locked endpoint. What waited behind another waits no longer once order is not asked for.
///
/// # Errors
/// When the database fails.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: WebhookId,
    settings: &Settings,
    headers: Option<&Headers>,
) -> Result<(), Error> {
    let sql = "UPDATE webhooks SET url = $3, description = $4, event_types = $5, inbox_ids = $6, hex_signature_header = $7,
            ordered = $8, header_names = CASE WHEN $9 THEN $10 ELSE header_names END,
            headers = CASE WHEN $9 THEN $11 ELSE headers END, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    let nothing = Headers::default();
    let (given, headers) = (headers.is_some(), headers.unwrap_or(&nothing));
    let params: [&(dyn ToSql + Sync); 11] = [
        &organization.0,
        &id.0,
        &settings.url,
        &settings.description,
        &settings.event_types,
        &settings.inboxes,
        &settings.hex_signature_header,
        &settings.ordered,
        &given,
        &headers.names,
        &headers.sealed,
    ];
    client.execute(&statement, &params).await?;
    if !settings.ordered {
        let sql = "UPDATE webhook_deliveries SET due_at = now() WHERE webhook_id = $1 AND ended_at IS NULL AND due_at IS NULL";
        client.execute(&client.prepare_cached(sql).await?, &[&id.0]).await?;
    }
    Ok(())
}

/// Enables a locked endpoint, whose failures so far are forgotten and whose postings go on; or disables it, for this reason.
///
/// # Errors
/// When the database fails.
pub async fn enable(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: WebhookId,
    disabled: Option<&str>,
) -> Result<(), Error> {
    let sql = "UPDATE webhooks SET enabled = $3::text IS NULL, disabled_reason = $3,
            disabled_at = CASE WHEN $3 IS NOT NULL THEN now() END, failures = 0, failing_since = NULL, held_until = NULL,
            pointed_until = NULL, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&organization.0, &id.0, &disabled]).await?;
    Ok(())
}

/// Gives a locked endpoint a new secret; the one it had signs too until the overlap ends.
///
/// # Errors
/// When the database fails.
pub async fn rotate(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: WebhookId,
    secret: &[u8],
) -> Result<(), Error> {
    let sql = "UPDATE webhooks SET previous_secret = secret, previous_secret_until = now() + $4 * interval '1 second',
            secret = $3, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    let seconds = OVERLAP.num_seconds() as f64;
    client.execute(&statement, &[&organization.0, &id.0, &secret, &seconds]).await?;
    Ok(())
}

/// Deletes an endpoint; its secrets go at once, its postings are pruned. False if there is none.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: WebhookId,
) -> Result<bool, Error> {
    let sql = "UPDATE webhooks SET deleted_at = now(), secret = '', previous_secret = NULL, headers = NULL, updated_at = now()
        WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &[&organization.0, &id.0]).await? == 1)
}
