//! `notification_preferences`: what each user wants to be told. Without a row, everything is on.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::Error;
use crate::domain::ids::{OrganizationId, UserId};

/// What a user wants to be told, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    /// That a conversation was assigned to them.
    pub assignments: bool,
    /// That a contact wrote in a conversation of theirs.
    pub messages: bool,
    /// By email.
    pub email: bool,
}

/// A change: what is none stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PreferencesChange {
    /// As `Preferences::assignments`.
    pub assignments: Option<bool>,
    /// As `Preferences::messages`.
    pub messages: Option<bool>,
    /// As `Preferences::email`.
    pub email: Option<bool>,
}

fn read(row: &Row) -> Result<Preferences, Error> {
    Ok(Preferences { assignments: row.try_get(0)?, messages: row.try_get(1)?, email: row.try_get(2)? })
}

/// A user's preferences; none if there is no such user.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Preferences>, Error> {
    let sql = "SELECT coalesce(p.assignments, true), coalesce(p.messages, true), coalesce(p.email, true)
        FROM users u LEFT JOIN notification_preferences p ON p.organization_id = u.organization_id AND p.user_id = u.id
        WHERE u.organization_id = $1 AND u.id = $2";
    let statement = client.prepare_cached(sql).await?;
    client.query_opt(&statement, &[&organization.0, &user.0]).await?.as_ref().map(read).transpose()
}

/// Changes a user's preferences; none if there is no such user.
///
/// # Errors
/// When the database fails.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    user: UserId,
    change: PreferencesChange,
) -> Result<Option<Preferences>, Error> {
    let sql =
        "INSERT INTO notification_preferences AS p (organization_id, user_id, assignments, messages, email)
        SELECT organization_id, id, coalesce($3, true), coalesce($4, true), coalesce($5, true)
        FROM users WHERE organization_id = $1 AND id = $2
        ON CONFLICT (organization_id, user_id) DO UPDATE SET assignments = coalesce($3, p.assignments),
            messages = coalesce($4, p.messages), email = coalesce($5, p.email), updated_at = now()
        RETURNING assignments, messages, email";
    let statement = client.prepare_cached(sql).await?;
    let PreferencesChange { assignments, messages, email } = change;
    let changed =
        client.query_opt(&statement, &[&organization.0, &user.0, &assignments, &messages, &email]).await?;
    changed.as_ref().map(read).transpose()
}
