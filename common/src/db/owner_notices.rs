//! Emails to an organization's owners, in `notifications`: that an endpoint was disabled by itself.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::Error;
use crate::domain::ids::{OrganizationId, WebhookId};

/// Notes an email for each owner, in the transaction that has disabled the endpoint: once for each time that it is.
///
/// # Errors
/// When the database fails.
pub async fn note_disabled(
    client: &impl GenericClient,
    organization: OrganizationId,
    webhook: WebhookId,
) -> Result<(), Error> {
    let sql = "SELECT id FROM users WHERE organization_id = $1 AND role = 'owner' AND disabled_at IS NULL";
    let rows = client.query(&client.prepare_cached(sql).await?, &[&organization.0]).await?;
    let owners = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    let ids: Vec<Uuid> = owners.iter().map(|_| Uuid::now_v7()).collect();
    let sql = "INSERT INTO notifications (id, organization_id, user_id, assigned, webhook_id, webhook_disabled_at, due_at)
        SELECT r.id, w.organization_id, r.owner, false, w.id, w.disabled_at, now()
        FROM unnest($3::uuid[], $4::uuid[]) AS r (id, owner), webhooks w
        WHERE w.organization_id = $1 AND w.id = $2 AND w.disabled_at IS NOT NULL
        ON CONFLICT (webhook_id, webhook_disabled_at, user_id) WHERE webhook_id IS NOT NULL DO NOTHING";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&organization.0, &webhook.0, &ids, &owners]).await?;
    Ok(())
}

/// What such an email says, as it is now, and what decides whether it is sent at all.
#[derive(Debug, Clone)]
pub struct Disabled {
    /// Whom it is for.
    pub user_name: String,
    /// Their address.
    pub user_email: String,
    /// Whether they are still an owner, and want email.
    pub is_owner: bool,
    /// Whether they want any email.
    pub wanted: bool,
    /// Whether the endpoint is there, and disabled still, as it was then.
    pub still: bool,
    /// The organization's name.
    pub organization: String,
    /// The endpoint.
    pub webhook: WebhookId,
    /// Its address.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// `gone` or `failing`.
    pub reason: Option<String>,
    /// When it was disabled.
    pub at: DateTime<Utc>,
}

/// What a claimed email says now; none if the endpoint is no longer known.
///
/// # Errors
/// When the database fails.
pub async fn find_disabled(client: &impl GenericClient, id: Uuid) -> Result<Option<Disabled>, Error> {
    let sql = "SELECT u.name, u.email, u.role = 'owner' AND u.disabled_at IS NULL, coalesce(p.email, true),
            w.deleted_at IS NULL AND w.disabled_at IS NOT DISTINCT FROM n.webhook_disabled_at, o.name, w.id, w.url,
            w.description, w.disabled_reason, n.webhook_disabled_at
        FROM notifications n
        JOIN users u ON u.organization_id = n.organization_id AND u.id = n.user_id
        JOIN organizations o ON o.id = n.organization_id
        JOIN webhooks w ON w.organization_id = n.organization_id AND w.id = n.webhook_id
        LEFT JOIN notification_preferences p ON p.organization_id = n.organization_id AND p.user_id = n.user_id
        WHERE n.id = $1";
    let Some(row) = client.query_opt(&client.prepare_cached(sql).await?, &[&id]).await? else {
        return Ok(None);
    };
    Ok(Some(Disabled {
        user_name: row.try_get(0)?,
        user_email: row.try_get(1)?,
        is_owner: row.try_get(2)?,
        wanted: row.try_get(3)?,
        still: row.try_get(4)?,
        organization: row.try_get(5)?,
        webhook: WebhookId(row.try_get(6)?),
        url: row.try_get(7)?,
        description: row.try_get(8)?,
        reason: row.try_get(9)?,
        at: row.try_get(10)?,
    }))
}
