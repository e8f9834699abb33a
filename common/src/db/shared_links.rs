//! `shared_inbox_links` and the public URLs they have had.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Error;
use crate::domain::ids::{InboxId, LinkRotationId, OrganizationId, PhoneNumberId, SharedInboxLinkId, UserId};
use crate::domain::permissions::Permissions;

/// A link by which one number's inbox is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLink {
    /// Its id.
    pub id: SharedInboxLinkId,
    /// The organization.
    pub organization: OrganizationId,
    /// The number.
    pub phone_number: PhoneNumberId,
    /// The number as people write it.
    pub display_phone_number: String,
    /// The number's inbox.
    pub inbox: InboxId,
    /// Its name.
    pub name: String,
    /// What its visitors may do.
    pub permissions: Permissions,
    /// What its public URL is made from now.
    pub rotation: LinkRotationId,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when it is revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A link to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewSharedLink<'a> {
    /// The number.
    pub phone_number: PhoneNumberId,
    /// Its name.
    pub name: &'a str,
    /// What its visitors may do.
    pub permissions: Permissions,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who makes it.
    pub created_by: UserId,
}

/// What changes about a link; what is none stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkChange<'a> {
    /// Another name.
    pub name: Option<&'a str>,
    /// Other permissions.
    pub permissions: Option<Permissions>,
    /// Another end, or none.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

const COLUMNS: &str =
    "l.id, l.organization_id, l.phone_number_id, p.display_phone_number, p.inbox_id, l.name,
    l.permissions, l.rotation_id, l.expires_at, l.revoked_at, l.last_used_at, l.created_at, l.updated_at";
const FROM: &str = "FROM shared_inbox_links l
    JOIN phone_numbers p ON p.organization_id = l.organization_id AND p.id = l.phone_number_id";

fn read(row: &Row) -> Result<SharedLink, Error> {
    let words: Vec<&str> = row.try_get(6)?;
    Ok(SharedLink {
        id: SharedInboxLinkId(row.try_get(0)?),
        organization: OrganizationId(row.try_get(1)?),
        phone_number: PhoneNumberId(row.try_get(2)?),
        display_phone_number: row.try_get(3)?,
        inbox: InboxId(row.try_get(4)?),
        name: row.try_get(5)?,
        permissions: Permissions::of_words(&words),
        rotation: LinkRotationId(row.try_get(7)?),
        expires_at: row.try_get(8)?,
        revoked_at: row.try_get(9)?,
        last_used_at: row.try_get(10)?,
        created_at: row.try_get(11)?,
        updated_at: row.try_get(12)?,
    })
}

/// Makes a link with its first public URL.
///
/// # Errors
/// When the database fails, or the number is none of the organization's.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    new: NewSharedLink<'_>,
) -> Result<SharedLink, Error> {
    let sql = format!(
        "WITH l AS (
            INSERT INTO shared_inbox_links
                (id, organization_id, phone_number_id, name, permissions, rotation_id, expires_at, created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *
        ), rotated AS (
            INSERT INTO shared_inbox_link_rotations (id, organization_id, link_id) VALUES ($6, $2, $1)
        )
        SELECT {COLUMNS} FROM l JOIN phone_numbers p ON p.organization_id = $2 AND p.id = l.phone_number_id"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (id, rotation) = (SharedInboxLinkId::new(), LinkRotationId::new());
    let words = new.permissions.words();
    let params: [&(dyn ToSql + Sync); 8] = [
        &id.0,
        &organization.0,
        &new.phone_number.0,
        &new.name,
        &words,
        &rotation.0,
        &new.expires_at,
        &new.created_by.0,
    ];
    read(&client.query_one(&statement, &params).await?)
}

/// The organization's link with this id, if there is one; `lock` keeps others from changing it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: SharedInboxLinkId,
    lock: bool,
) -> Result<Option<SharedLink>, Error> {
    let lock = if lock { "FOR NO KEY UPDATE OF l" } else { "" };
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE l.organization_id = $1 AND l.id = $2 {lock}");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// The link that a public URL leads to or has led to, in whichever organization: the URL's signature has been checked.
///
/// # Errors
/// When the database fails.
pub async fn find_by_rotation(
    client: &impl GenericClient,
    rotation: LinkRotationId,
) -> Result<Option<SharedLink>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM}
        JOIN shared_inbox_link_rotations r ON r.organization_id = l.organization_id AND r.link_id = l.id
        WHERE r.id = $1"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&rotation.0]).await?.as_ref().map(read).transpose()
}

/// How links stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    /// They work.
    Active,
    /// Their time is over.
    Expired,
    /// They were revoked.
    Revoked,
}

impl LinkStatus {
    fn condition(self) -> &'static str {
        match self {
            Self::Active => "AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > now())",
            Self::Expired => "AND l.revoked_at IS NULL AND l.expires_at <= now()",
            Self::Revoked => "AND l.revoked_at IS NOT NULL",
        }
    }
}

/// A page of the organization's links, the latest first, before `before`: all, or those of a number, and all or those that stand so.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    (phone_number, status): (Option<PhoneNumberId>, Option<LinkStatus>),
    (before, limit): (Option<SharedInboxLinkId>, i64),
) -> Result<Vec<SharedLink>, Error> {
    let condition = status.map_or("", LinkStatus::condition);
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE l.organization_id = $1 AND l.id < $2
            AND ($4::uuid IS NULL OR l.phone_number_id = $4) {condition}
        ORDER BY l.id DESC LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let before = before.map_or(uuid::Uuid::max(), |id| id.0);
    let number = phone_number.map(|id| id.0);
    let params: [&(dyn ToSql + Sync); 4] = [&organization.0, &before, &limit, &number];
    client.query(&statement, &params).await?.iter().map(read).collect()
}

/// Changes a link.
///
/// # Errors
/// When the database fails or there is no such link.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: SharedInboxLinkId,
    change: LinkChange<'_>,
) -> Result<(), Error> {
    let sql =
        "UPDATE shared_inbox_links SET name = coalesce($3, name), permissions = coalesce($4, permissions),
            expires_at = CASE WHEN $5 THEN $6 ELSE expires_at END, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    let words = change.permissions.map(Permissions::words);
    let (ends, end) = (change.expires_at.is_some(), change.expires_at.flatten());
    let params: [&(dyn ToSql + Sync); 6] = [&organization.0, &id.0, &change.name, &words, &ends, &end];
    client.execute(&client.prepare_cached(sql).await?, &params).await?;
    Ok(())
}

/// Gives a link another public URL.
///
/// # Errors
/// When the database fails.
pub async fn rotate(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: SharedInboxLinkId,
) -> Result<(), Error> {
    let sql = "WITH rotated AS (
            INSERT INTO shared_inbox_link_rotations (id, organization_id, link_id) VALUES ($3, $1, $2)
        )
        UPDATE shared_inbox_links SET rotation_id = $3, updated_at = now() WHERE organization_id = $1 AND id = $2";
    let rotation = LinkRotationId::new();
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0, &rotation.0]).await?;
    Ok(())
}

/// Revokes a link.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: SharedInboxLinkId,
) -> Result<(), Error> {
    let sql = "UPDATE shared_inbox_links SET revoked_at = coalesce(revoked_at, now()), updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    Ok(())
}
