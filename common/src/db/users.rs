//! `users`: the people of an organization.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Error;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::principal::Role;
use crate::domain::view::AssigneeView;

/// A person of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their organization.
    pub organization: OrganizationId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role; no key of theirs has more.
    pub role: Role,
    /// Since when they are removed.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// Their picture.
    pub avatar_url: Option<String>,
    /// Whether conversations may be given to them in turn.
    pub available: bool,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
}

/// A person to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their address; one user of an organization has it.
    pub email: &'a str,
    /// Their role.
    pub role: Role,
}

/// The constraint that keeps addresses apart.
pub const EMAIL_KEY: &str = "users_email_key";

const COLUMNS: &str =
    "id, organization_id, name, email, role, disabled_at, created_at, avatar_url, available, updated_at";

fn read(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: UserId(row.try_get(0)?),
        organization: OrganizationId(row.try_get(1)?),
        name: row.try_get(2)?,
        email: row.try_get(3)?,
        role: row.try_get::<_, &str>(4)?.parse().map_err(Error::Stored)?,
        disabled_at: row.try_get(5)?,
        created_at: row.try_get(6)?,
        avatar_url: row.try_get(7)?,
        available: row.try_get(8)?,
        updated_at: row.try_get(9)?,
    })
}

/// Adds a person.
///
/// # Errors
/// When the database fails, or `EMAIL_KEY` is violated.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    user: NewUser<'_>,
) -> Result<User, Error> {
    let sql = format!(
        "INSERT INTO users (id, organization_id, name, email, role) VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let id = UserId::new();
    let role = user.role.as_str();
    read(&client.query_one(&statement, &[&id.0, &organization.0, &user.name, &user.email, &role]).await?)
}

/// The user with this id in any organization; for the operator.
///
/// # Errors
/// When the database fails.
pub async fn find_anywhere(client: &impl GenericClient, id: UserId) -> Result<Option<User>, Error> {
    let statement = client.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = $1")).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(read).transpose()
}

/// The organization's users, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(client: &impl GenericClient, organization: OrganizationId) -> Result<Vec<User>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE organization_id = $1 ORDER BY id");
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&organization.0]).await?.iter().map(read).collect()
}

/// A person to whom conversations can be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignable {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their picture.
    pub avatar_url: Option<String>,
}

impl Assignable {
    /// The person as clients see them.
    pub fn view(self) -> AssigneeView {
        AssigneeView { user_id: self.id, name: self.name, avatar_url: self.avatar_url }
    }
}

/// The organization's users who have not been removed, at most 1,000.
///
/// # Errors
/// When the database fails.
pub async fn list_assignable(
    client: &impl GenericClient,
    organization: OrganizationId,
) -> Result<Vec<Assignable>, Error> {
    let sql = "SELECT id, name, email, avatar_url FROM users
        WHERE organization_id = $1 AND disabled_at IS NULL ORDER BY id LIMIT 1000";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&organization.0]).await?;
    rows.iter()
        .map(|row| {
            Ok(Assignable {
                id: UserId(row.try_get(0)?),
                name: row.try_get(1)?,
                email: row.try_get(2)?,
                avatar_url: row.try_get(3)?,
            })
        })
        .collect()
}

/// Removes a person, which stops their keys, or brings them back; says whether there is such a user.
///
/// # Errors
/// When the database fails.
pub async fn set_disabled(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: UserId,
    disabled: bool,
) -> Result<bool, Error> {
    let sql = "UPDATE users SET updated_at = now(), disabled_at = CASE WHEN $3 THEN coalesce(disabled_at, now()) END
        WHERE organization_id = $1 AND id = $2";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &[&organization.0, &id.0, &disabled]).await? == 1)
}

/// What is to change of a user; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserChange<'a> {
    /// Their name.
    pub name: Option<&'a str>,
    /// Their address.
    pub email: Option<&'a str>,
    /// Their role.
    pub role: Option<Role>,
    /// Their picture, or none any more.
    pub avatar_url: Option<Option<&'a str>>,
    /// Whether conversations may be given to them in turn.
    pub available: Option<bool>,
    /// Whether they are removed, which stops their keys.
    pub disabled: Option<bool>,
}

/// Changes a user; none if the organization has no such user.
///
/// # Errors
/// When the database fails, or `EMAIL_KEY` is violated.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: UserId,
    change: UserChange<'_>,
) -> Result<Option<User>, Error> {
    let sql = format!(
        "UPDATE users SET name = coalesce($3, name), email = coalesce($4, email), role = coalesce($5, role),
            avatar_url = CASE WHEN $6 THEN $7 ELSE avatar_url END, available = coalesce($8, available),
            disabled_at = CASE WHEN $9 THEN coalesce(disabled_at, now()) WHEN NOT $9 THEN NULL ELSE disabled_at END,
            updated_at = now()
        WHERE organization_id = $1 AND id = $2 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (role, picture) = (change.role.map(Role::as_str), change.avatar_url.flatten());
    let params: [&(dyn ToSql + Sync); 9] = [
        &organization.0,
        &id.0,
        &change.name,
        &change.email,
        &role,
        &change.avatar_url.is_some(),
        &picture,
        &change.available,
        &change.disabled,
    ];
    client.query_opt(&statement, &params).await?.as_ref().map(read).transpose()
}

/// The organization's user with this id, if there is one; a removed one too.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: UserId,
) -> Result<Option<User>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE organization_id = $1 AND id = $2");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&organization.0, &id.0]).await?.as_ref().map(read).transpose()
}

/// A page of the organization's users, oldest first, after `after`; removed ones too.
///
/// # Errors
/// When the database fails.
pub async fn list_page(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM users WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    client.query(&statement, &[&organization.0, &after, &limit]).await?.iter().map(read).collect()
}

/// Locks the owners who are there, so that of two who remove one another one comes second.
///
/// # Errors
/// When the database fails.
pub async fn lock_owners(
    client: &impl GenericClient,
    organization: OrganizationId,
) -> Result<Vec<UserId>, Error> {
    // A row that was waited for is looked at again, and left out if it is no owner's any more.
    let sql = "SELECT id FROM users WHERE organization_id = $1 AND role = 'owner' AND disabled_at IS NULL
        ORDER BY id FOR NO KEY UPDATE";
    let statement = client.prepare_cached(sql).await?;
    client
        .query(&statement, &[&organization.0])
        .await?
        .iter()
        .map(|row| Ok(UserId(row.try_get(0)?)))
        .collect()
}
