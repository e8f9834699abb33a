//! `teams` and `team_members`: who gets new conversations.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use crate::domain::ids::{OrganizationId, TeamId, UserId};
use crate::domain::team::TeamMode;

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// How its new conversations find a person.
    pub mode: TeamMode,
    /// Whether it gets the new conversations of inboxes that have no team.
    pub fallback: bool,
    /// Who is in it, in the order of their turns.
    pub members: Vec<Member>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A user in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Whether conversations may be given to them in turn: available, and not disabled.
    pub available: bool,
}

/// What is to be written of a team; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct TeamChange<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// How its new conversations find a person.
    pub mode: Option<TeamMode>,
    /// Whether it gets the new conversations of inboxes that have no team.
    pub fallback: Option<bool>,
}

/// The constraint that keeps names apart.
pub const NAME_KEY: &str = "teams_name_key";
/// Most members of a team.
pub const MOST_MEMBERS: i64 = 500;

const COLUMNS: &str = "id, name, mode, fallback, created_at, updated_at";

fn read(row: &Row) -> Result<Team, Error> {
    Ok(Team {
        id: TeamId(row.try_get(0)?),
        name: row.try_get(1)?,
        mode: row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?,
        fallback: row.try_get(3)?,
        members: Vec::new(),
        created_at: row.try_get(4)?,
        updated_at: row.try_get(5)?,
    })
}

async fn with_members(
    client: &impl GenericClient,
    organization: OrganizationId,
    mut teams: Vec<Team>,
) -> Result<Vec<Team>, Error> {
    let sql = "SELECT m.team_id, u.id, u.name, u.available AND u.disabled_at IS NULL FROM team_members m
        JOIN users u ON u.organization_id = m.organization_id AND u.id = m.user_id
        WHERE m.organization_id = $1 AND m.team_id = ANY($2) ORDER BY m.team_id, m.user_id";
    let statement = client.prepare_cached(sql).await?;
    let ids: Vec<Uuid> = teams.iter().map(|team| team.id.0).collect();
    let mut members: HashMap<Uuid, Vec<Member>> = HashMap::new();
    for row in client.query(&statement, &[&organization.0, &ids]).await? {
        let member =
            Member { user: UserId(row.try_get(1)?), name: row.try_get(2)?, available: row.try_get(3)? };
        members.entry(row.try_get(0)?).or_default().push(member);
    }
    for team in &mut teams {
        team.members = members.remove(&team.id.0).unwrap_or_default();
    }
    Ok(teams)
}

/// Makes a team without members. A new fallback takes the place of the one there is.
///
/// # Errors
/// When the database fails, or `NAME_KEY` is violated.
pub async fn insert(
    client: &impl GenericClient,
    organization: OrganizationId,
    new: TeamChange<'_>,
) -> Result<Team, Error> {
    if new.fallback == Some(true) {
        clear_fallback(client, organization, None).await?;
    }
    let sql = format!(
        "INSERT INTO teams (id, organization_id, name, mode, fallback) VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (mode, fallback) = (new.mode.unwrap_or_default().as_str(), new.fallback.unwrap_or(false));
    let params: [&(dyn ToSql + Sync); 5] =
        [&TeamId::new().0, &organization.0, &new.name.unwrap_or_default(), &mode, &fallback];
    read(&client.query_one(&statement, &params).await?)
}

/// Changes a team; none if the organization has no such team. A new fallback takes the place of the one there is.
///
/// # Errors
/// When the database fails, or `NAME_KEY` is violated.
pub async fn update(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: TeamId,
    change: TeamChange<'_>,
) -> Result<Option<Team>, Error> {
    if change.fallback == Some(true) {
        clear_fallback(client, organization, Some(id)).await?;
    }
    let sql = format!(
        "UPDATE teams SET name = coalesce($3, name), mode = coalesce($4, mode), fallback = coalesce($5, fallback),
            updated_at = now()
        WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let mode = change.mode.map(TeamMode::as_str);
    let params: [&(dyn ToSql + Sync); 5] = [&organization.0, &id.0, &change.name, &mode, &change.fallback];
    let Some(row) = client.query_opt(&statement, &params).await? else { return Ok(None) };
    Ok(with_members(client, organization, vec![read(&row)?]).await?.pop())
}

/// Takes the place of the fallback that there is. One change at a time, and teams are locked in id order, as those are who take turns.
async fn clear_fallback(
    client: &impl GenericClient,
    organization: OrganizationId,
    heir: Option<TeamId>,
) -> Result<(), Error> {
    let lock = client.prepare_cached("SELECT 1 FROM organizations WHERE id = $1 FOR NO KEY UPDATE").await?;
    client.query(&lock, &[&organization.0]).await?;
    let heir = heir.map(|team| team.0);
    for sql in [
        "SELECT id FROM teams WHERE organization_id = $1 AND (fallback OR id = $2) ORDER BY id FOR NO KEY UPDATE",
        "UPDATE teams SET fallback = false, updated_at = now()
            WHERE organization_id = $1 AND fallback AND id IS DISTINCT FROM $2",
    ] {
        client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &heir]).await?;
    }
    Ok(())
}

/// Locks a team against its removal; says whether the organization has it.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: TeamId,
) -> Result<bool, Error> {
    let sql =
        "SELECT 1 FROM teams WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_opt(&statement, &[&organization.0, &id.0]).await?.is_some())
}

/// The organization's team with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: TeamId,
) -> Result<Option<Team>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM teams WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL");
    let statement = client.prepare_cached(&sql).await?;
    let Some(row) = client.query_opt(&statement, &[&organization.0, &id.0]).await? else { return Ok(None) };
    Ok(with_members(client, organization, vec![read(&row)?]).await?.pop())
}

/// A page of the organization's teams, oldest first, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: Option<TeamId>,
    limit: i64,
) -> Result<Vec<Team>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM teams WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let after = after.map(|id| id.0).unwrap_or_default();
    let rows = client.query(&statement, &[&organization.0, &after, &limit]).await?;
    with_members(client, organization, rows.iter().map(read).collect::<Result<_, _>>()?).await
}

/// What became of a new member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// They are in the team now.
    Now,
    /// They were before.
    Before,
    /// The organization has no such user, or the user is disabled.
    NoUser,
    /// The team has as many as it can.
    Full,
}

/// Adds a user to a team whose lock is held.
///
/// # Errors
/// When the database fails.
pub async fn add_member(
    client: &impl GenericClient,
    organization: OrganizationId,
    (team, user): (TeamId, UserId),
) -> Result<Added, Error> {
    let sql = "SELECT count(*), bool_or(m.user_id = $3) FROM team_members m WHERE m.organization_id = $1 AND m.team_id = $2";
    let row =
        client.query_one(&client.prepare_cached(sql).await?, &[&organization.0, &team.0, &user.0]).await?;
    if row.try_get::<_, Option<bool>>(1)? == Some(true) {
        return Ok(Added::Before);
    }
    if row.try_get::<_, i64>(0)? >= MOST_MEMBERS {
        return Ok(Added::Full);
    }
    let sql = "INSERT INTO team_members (organization_id, team_id, user_id)
        SELECT organization_id, $2, id FROM users WHERE organization_id = $1 AND id = $3 AND disabled_at IS NULL";
    let statement = client.prepare_cached(sql).await?;
    let added = client.execute(&statement, &[&organization.0, &team.0, &user.0]).await?;
    Ok(if added == 1 { Added::Now } else { Added::NoUser })
}

/// Takes a user out of a team; says whether they were in it.
///
/// # Errors
/// When the database fails.
pub async fn remove_member(
    client: &impl GenericClient,
    organization: OrganizationId,
    (team, user): (TeamId, UserId),
) -> Result<bool, Error> {
    let sql = "DELETE FROM team_members WHERE organization_id = $1 AND team_id = $2 AND user_id = $3";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &[&organization.0, &team.0, &user.0]).await? == 1)
}

/// Removes a team whose lock is held: its inboxes have none from now on, and its conversations keep its id.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: TeamId,
) -> Result<(), Error> {
    for sql in [
        "UPDATE inboxes SET team_id = NULL, updated_at = now() WHERE organization_id = $1 AND team_id = $2",
        "DELETE FROM team_members WHERE organization_id = $1 AND team_id = $2",
        "UPDATE teams SET deleted_at = now(), updated_at = now(), fallback = false
            WHERE organization_id = $1 AND id = $2",
    ] {
        client.execute(&client.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    }
    Ok(())
}
