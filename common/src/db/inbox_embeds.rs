//! `inbox_embeds`: inboxes shown inside other products.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::Error;
use crate::crypto::viewer_keys::ViewerKey;
use crate::domain::ids::{CustomerId, InboxEmbedId, OrganizationId, PhoneNumberId, UserId};
use crate::domain::permissions::Permissions;

/// An embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEmbed {
    /// Its id.
    pub id: InboxEmbedId,
    /// The organization.
    pub organization: OrganizationId,
    /// Its name.
    pub name: Option<String>,
    /// `project`, `customer` or `phone_number`.
    pub scope_type: String,
    /// The customer's id, or the provider's id of the number.
    pub scope_id: Option<String>,
    /// The customer's name, or the number as people write it.
    pub scope_name: Option<String>,
    /// Only what is this user's is seen.
    pub assigned_user: Option<UserId>,
    /// The user's name.
    pub assigned_user_name: Option<String>,
    /// Who may show it in a frame; none listed means anybody.
    pub allowed_origins: Vec<String>,
    /// `system`, `light` or `dark`.
    pub default_mode: String,
    /// What its visitors may do.
    pub permissions: Permissions,
    /// The keys by which the product that holds it proves who looks.
    pub viewer_keys: Vec<ViewerKey>,
    /// Whether nobody gets in without that.
    pub require_viewer_identity: bool,
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

/// What an embed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbedScope {
    /// All inboxes.
    Project,
    /// The inboxes that serve a customer.
    Customer(CustomerId),
    /// The inbox of a number.
    PhoneNumber(PhoneNumberId),
}

/// An embed to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewInboxEmbed<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// What it shows.
    pub scope: EmbedScope,
    /// Only what is this user's is seen.
    pub assigned_user: Option<UserId>,
    /// Who may show it in a frame.
    pub allowed_origins: &'a [String],
    /// `system`, `light` or `dark`.
    pub default_mode: &'a str,
    /// What its visitors may do.
    pub permissions: Permissions,
    /// The keys by which the product that holds it proves who looks.
    pub viewer_keys: &'a [ViewerKey],
    /// Whether nobody gets in without that.
    pub require_viewer_identity: bool,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who makes it.
    pub created_by: UserId,
}

/// What changes about an embed; what is none stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbedChange<'a> {
    /// Another name, or none.
    pub name: Option<Option<&'a str>>,
    /// Another user whose conversations are seen, or everybody's.
    pub assigned_user: Option<Option<UserId>>,
    /// Others who may show it in a frame.
    pub allowed_origins: Option<&'a [String]>,
    /// Another mode.
    pub default_mode: Option<&'a str>,
    /// Other permissions.
    pub permissions: Option<Permissions>,
    /// Other keys, in place of all that it has.
    pub viewer_keys: Option<&'a [ViewerKey]>,
    /// Whether nobody gets in unproved.
    pub require_viewer_identity: Option<bool>,
    /// Another end, or none.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Which embeds to list.
#[derive(Debug, Clone, Default)]
pub struct EmbedFilter {
    /// Revoked ones, or the others.
    pub revoked: Option<bool>,
    /// With this scope.
    pub scope_type: Option<String>,
    /// Of this customer or number, as it is shown.
    pub scope_id: Option<String>,
    /// With this assignee.
    pub assigned_user: Option<UserId>,
}

/// The constraint that keeps an embed's customer within its organization.
pub const CUSTOMER_KEY: &str = "inbox_embeds_customer_fkey";
/// The constraint that keeps an embed's assignee within its organization.
pub const ASSIGNED_USER_KEY: &str = "inbox_embeds_assigned_user_fkey";

const SELECT: &str = "SELECT e.id, e.organization_id, e.name, e.scope_type, coalesce(e.customer_id::text, p.provider_id),
        coalesce(k.name, p.display_phone_number), e.assigned_user_id, u.name, e.allowed_origins, e.default_mode,
        e.permissions, e.expires_at, e.revoked_at, e.last_used_at, e.created_at, e.updated_at, e.viewer_keys,
        e.require_viewer_identity
    FROM inbox_embeds e
    LEFT JOIN customers k ON k.organization_id = e.organization_id AND k.id = e.customer_id
    LEFT JOIN phone_numbers p ON p.organization_id = e.organization_id AND p.id = e.phone_number_id
    LEFT JOIN users u ON u.organization_id = e.organization_id AND u.id = e.assigned_user_id";

const FILTER: &str = "e.organization_id = $1 AND ($2::bool IS NULL OR (e.revoked_at IS NOT NULL) = $2)
    AND ($3::text IS NULL OR e.scope_type = $3)
    AND ($4::text IS NULL OR coalesce(e.customer_id::text, p.provider_id) = $4)
    AND ($5::uuid IS NULL OR e.assigned_user_id = $5)";

fn read(row: &Row) -> Result<InboxEmbed, Error> {
    let words: Vec<&str> = row.try_get(10)?;
    Ok(InboxEmbed {
        id: InboxEmbedId(row.try_get(0)?),
        organization: OrganizationId(row.try_get(1)?),
        name: row.try_get(2)?,
        scope_type: row.try_get(3)?,
        scope_id: row.try_get(4)?,
        scope_name: row.try_get(5)?,
        assigned_user: row.try_get::<_, Option<_>>(6)?.map(UserId),
        assigned_user_name: row.try_get(7)?,
        allowed_origins: row.try_get(8)?,
        viewer_keys: row.try_get::<_, Json<_>>(16)?.0,
        require_viewer_identity: row.try_get(17)?,
        default_mode: row.try_get(9)?,
        permissions: Permissions::of_words(&words),
        expires_at: row.try_get(11)?,
        revoked_at: row.try_get(12)?,
        last_used_at: row.try_get(13)?,
        created_at: row.try_get(14)?,
        updated_at: row.try_get(15)?,
    })
}

/// Makes an embed, of whose token only this hash is stored.
///
/// # Errors
/// When the database fails, or `CUSTOMER_KEY` or `ASSIGNED_USER_KEY` is violated: the organization has no such customer or user.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    new: NewInboxEmbed<'_>,
    hash: &[u8; 32],
) -> Result<InboxEmbedId, Error> {
    let sql = "INSERT INTO inbox_embeds (id, organization_id, name, scope_type, customer_id, phone_number_id,
            assigned_user_id, allowed_origins, default_mode, permissions, hash, expires_at, created_by,
            viewer_keys, require_viewer_identity)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let statement = client.prepare_cached(sql).await?;
    let id = InboxEmbedId::new();
    let (kind, customer, number) = match new.scope {
        EmbedScope::Project => ("project", None, None),
        EmbedScope::Customer(id) => ("customer", Some(id.0), None),
        EmbedScope::PhoneNumber(id) => ("phone_number", None, Some(id.0)),
    };
    let (user, words, hash) = (new.assigned_user.map(|id| id.0), new.permissions.words(), hash.as_slice());
    let keys = Json(new.viewer_keys);
    let params: [&(dyn ToSql + Sync); 15] = [
        &id.0,
        &organization.0,
        &new.name,
        &kind,
        &customer,
        &number,
        &user,
        &new.allowed_origins,
        &new.default_mode,
        &words,
        &hash,
        &new.expires_at,
        &new.created_by.0,
        &keys,
        &new.require_viewer_identity,
    ];
    client.execute(&statement, &params).await?;
    Ok(id)
}

/// The organization's embed with this id, if there is one; `lock` keeps others from changing it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxEmbedId,
    lock: bool,
) -> Result<Option<InboxEmbed>, Error> {
    let lock = if lock { "FOR NO KEY UPDATE OF e" } else { "" };
    let sql = format!("{SELECT} WHERE e.organization_id = $1 AND e.id = $2 {lock}");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// The embed whose token has this hash, in whichever organization.
///
/// # Errors
/// When the database fails.
pub async fn find_by_hash(client: &impl GenericClient, hash: &[u8; 32]) -> Result<Option<InboxEmbed>, Error> {
    let statement = client.prepare_cached(&format!("{SELECT} WHERE e.hash = $1")).await?;
    client.query_opt(&statement, &[&hash.as_slice()]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's embeds, the latest first, and how many there are on all pages.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    filter: &EmbedFilter,
    (offset, limit): (i64, i64),
) -> Result<(Vec<InboxEmbed>, i64), Error> {
    let user = filter.assigned_user.map(|id| id.0);
    let params: [&(dyn ToSql + Sync); 5] =
        [&organization.0, &filter.revoked, &filter.scope_type, &filter.scope_id, &user];
    let sql = format!(
        "SELECT count(*) FROM inbox_embeds e
        LEFT JOIN phone_numbers p ON p.organization_id = e.organization_id AND p.id = e.phone_number_id
        WHERE {FILTER}"
    );
    let count: i64 = client.query_one(&client.prepare_cached(&sql).await?, &params).await?.try_get(0)?;
    let sql = format!("{SELECT} WHERE {FILTER} ORDER BY e.id DESC OFFSET $6 LIMIT $7");
    let params = [params.as_slice(), &[&offset, &limit]].concat();
    let rows = client.query(&client.prepare_cached(&sql).await?, &params).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// The lists of allowed origins of all embeds that work, each once: whoever has no token yet may come from any of them.
///
/// # Errors
/// When the database fails.
pub async fn list_allowed_origins(client: &impl GenericClient) -> Result<Vec<Vec<String>>, Error> {
    let sql = "SELECT DISTINCT allowed_origins FROM inbox_embeds
        WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) LIMIT 10000";
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, &[]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Changes an embed.
///
/// # Errors
/// When the database fails, or `ASSIGNED_USER_KEY` is violated: the organization has no such user.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxEmbedId,
    change: EmbedChange<'_>,
) -> Result<(), Error> {
    let sql = "UPDATE inbox_embeds SET name = CASE WHEN $3 THEN $4 ELSE name END,
            assigned_user_id = CASE WHEN $5 THEN $6 ELSE assigned_user_id END,
            allowed_origins = coalesce($7, allowed_origins), default_mode = coalesce($8, default_mode),
            permissions = coalesce($9, permissions), expires_at = CASE WHEN $10 THEN $11 ELSE expires_at END,
            viewer_keys = coalesce($12, viewer_keys),
            require_viewer_identity = coalesce($13, require_viewer_identity), updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    let user: Option<Option<Uuid>> = change.assigned_user.map(|user| user.map(|id| id.0));
    let words = change.permissions.map(Permissions::words);
    let (named, assigned, ends) = (change.name.is_some(), user.is_some(), change.expires_at.is_some());
    let (name, user, end) = (change.name.flatten(), user.flatten(), change.expires_at.flatten());
    let keys = change.viewer_keys.map(Json);
    let params: [&(dyn ToSql + Sync); 13] = [
        &organization.0,
        &id.0,
        &named,
        &name,
        &assigned,
        &user,
        &change.allowed_origins,
        &change.default_mode,
        &words,
        &ends,
        &end,
        &keys,
        &change.require_viewer_identity,
    ];
    client.execute(&client.prepare_cached(sql).await?, &params).await?;
    Ok(())
}

/// Revokes an embed.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: InboxEmbedId,
) -> Result<(), Error> {
    let sql = "UPDATE inbox_embeds SET revoked_at = coalesce(revoked_at, now()), updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    Ok(())
}
