//! `api_keys`: credentials of programs, each owned by a user.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::Error;
use crate::crypto::ApiKeyToken;
use crate::domain::ids::{ApiKeyId, OrganizationId, UserId};
use crate::domain::principal::{self, Grant, Principal, Reach, Role, Scope};

/// A key as people see it: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its owner.
    pub user: UserId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its scopes, as stored; none means all of its role.
    pub scopes: Vec<String>,
    /// Its first characters.
    pub hint: String,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when it is revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The key in whose place it came.
    pub replaces: Option<ApiKeyId>,
}

/// A key to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewApiKey<'a> {
    /// Its owner.
    pub user: UserId,
    /// Its name.
    pub name: &'a str,
    /// Its role.
    pub role: Role,
    /// Its scopes; none means all of its role.
    pub scopes: &'a [Scope],
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a presented key stands for.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The key.
    pub id: ApiKeyId,
    /// Who calls, with the lesser of the key's and the owner's role.
    pub principal: Principal,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether its owner was removed.
    pub owner_disabled: bool,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "id, user_id, name, role, scopes, hint, expires_at, revoked_at, last_used_at, created_at, replaces_id";

fn read(row: &Row) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: ApiKeyId(row.try_get(0)?),
        user: UserId(row.try_get(1)?),
        name: row.try_get(2)?,
        role: role(row, 3)?,
        scopes: row.try_get(4)?,
        hint: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        revoked_at: row.try_get(7)?,
        last_used_at: row.try_get(8)?,
        created_at: row.try_get(9)?,
        replaces: row.try_get::<_, Option<_>>(10)?.map(ApiKeyId),
    })
}

fn role(row: &Row, column: usize) -> Result<Role, Error> {
    row.try_get::<_, &str>(column)?.parse().map_err(Error::Stored)
}

/// Creates a key; `token.token` is shown once and stored nowhere.
///
/// # Errors
/// When the database fails or the owner is not of this organization.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    key: NewApiKey<'_>,
    token: &ApiKeyToken,
) -> Result<ApiKey, Error> {
    let sql = format!(
        "INSERT INTO api_keys (id, organization_id, user_id, name, role, scopes, hash, hint, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let (id, role, hash) = (ApiKeyId::new(), key.role.as_str(), token.hash.as_slice());
    let row = client
        .query_one(
            &statement,
            &[
                &id.0,
                &organization.0,
                &key.user.0,
                &key.name,
                &role,
                &scopes,
                &hash,
                &token.hint,
                &key.expires_at,
            ],
        )
        .await?;
    read(&row)
}

/// The organization's keys, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(client: &impl GenericClient, organization: OrganizationId) -> Result<Vec<ApiKey>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE organization_id = $1 ORDER BY id");
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&organization.0]).await?.iter().map(read).collect()
}

/// Revokes a key in any organization, for the operator; its organization, if there is such a key.
///
/// # Errors
/// When the database fails.
pub async fn revoke_anywhere(
    client: &impl GenericClient,
    id: ApiKeyId,
) -> Result<Option<OrganizationId>, Error> {
    let sql = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING organization_id";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&id.0]).await?;
    row.map(|row| Ok(OrganizationId(row.try_get(0)?))).transpose()
}

/// What the key with this hash stands for, if there is one. A scope that this version does not know grants nothing.
///
/// # Errors
/// When the database fails.
pub async fn find_credential(
    client: &impl GenericClient,
    hash: &[u8; 32],
) -> Result<Option<Credential>, Error> {
    let sql = "SELECT k.id, k.organization_id, k.user_id, k.name, k.role, u.role, k.scopes, k.expires_at,
            k.revoked_at IS NOT NULL, u.disabled_at IS NOT NULL, k.last_used_at
        FROM api_keys k JOIN users u ON u.organization_id = k.organization_id AND u.id = k.user_id
        WHERE k.hash = $1";
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[&hash.as_slice()]).await? else { return Ok(None) };
    let names: Vec<&str> = row.try_get(6)?;
    let scopes: BTreeSet<Scope> = names.iter().filter_map(|name| name.parse().ok()).collect();
    // An empty list means all: one of which nothing is left must not become that.
    let nothing_left = !names.is_empty() && scopes.is_empty();
    let id = ApiKeyId(row.try_get(0)?);
    let principal = Principal {
        organization: OrganizationId(row.try_get(1)?),
        credential: principal::Credential::ApiKey(id),
        session: None,
        viewer: None,
        name: row.try_get(3)?,
        user: UserId(row.try_get(2)?),
        sees: Reach::EVERYTHING,
        may: Grant::Role(role(&row, 4)?.min(role(&row, 5)?), scopes),
    };
    Ok(Some(Credential {
        id,
        revoked: row.try_get(8)? || nothing_left,
        principal,
        expires_at: row.try_get(7)?,
        owner_disabled: row.try_get(9)?,
        last_used_at: row.try_get(10)?,
    }))
}

/// Notes that a key is in use, at most once a minute.
///
/// # Errors
/// When the database fails.
pub async fn touch(client: &impl GenericClient, id: ApiKeyId) -> Result<(), Error> {
    let sql = "UPDATE api_keys SET last_used_at = now()
        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&id.0]).await?;
    Ok(())
}

/// The organization's key with this id, if there is one; `lock` keeps others from changing it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ApiKeyId,
    lock: bool,
) -> Result<Option<ApiKey>, Error> {
    let lock = if lock { "FOR NO KEY UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE organization_id = $1 AND id = $2 {lock}");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's keys, oldest first, after `after`; revoked ones too.
///
/// # Errors
/// When the database fails.
pub async fn list_page(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM api_keys WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    client.query(&statement, &[&organization.0, &after, &limit]).await?.iter().map(read).collect()
}

/// Renames a key; none if the organization has no such key.
///
/// # Errors
/// When the database fails.
pub async fn rename(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ApiKeyId,
    name: &str,
) -> Result<Option<ApiKey>, Error> {
    let sql =
        format!("UPDATE api_keys SET name = $3 WHERE organization_id = $1 AND id = $2 RETURNING {COLUMNS}");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0, &name]).await?.as_ref().map(read).transpose()
}

/// Revokes a key of the organization.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ApiKeyId,
) -> Result<(), Error> {
    let sql =
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE organization_id = $1 AND id = $2";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    Ok(())
}

/// The key that came in the place of this one and works, or could.
///
/// # Errors
/// When the database fails.
pub async fn find_replacement(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ApiKeyId,
) -> Result<Option<ApiKeyId>, Error> {
    let sql = "SELECT id FROM api_keys WHERE organization_id = $1 AND replaces_id = $2 AND revoked_at IS NULL LIMIT 1";
    let row = client.query_opt(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    row.map(|row| Ok(ApiKeyId(row.try_get(0)?))).transpose()
}

/// Puts a key in the place of another, which works for `overlap` more seconds at most; the new key as it is now.
///
/// # Errors
/// When the database fails.
pub async fn replace(
    client: &impl GenericClient,
    organization: OrganizationId,
    (old, new): (ApiKeyId, ApiKeyId),
    overlap: f64,
) -> Result<ApiKey, Error> {
    let sql = "UPDATE api_keys SET expires_at = least(expires_at, now() + $3 * interval '1 second')
        WHERE organization_id = $1 AND id = $2";
    client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &old.0, &overlap]).await?;
    let sql = format!(
        "UPDATE api_keys SET replaces_id = $3 WHERE organization_id = $1 AND id = $2 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    read(&client.query_one(&statement, &[&organization.0, &new.0, &old.0]).await?)
}
