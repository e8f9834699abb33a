//! `shared_inbox_sessions`: what links and embeds are exchanged for. Each request asks anew whether its session holds, in one
//! statement that can travel with the request's own work.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use crate::crypto::shared::{Guest, SessionName};
use crate::crypto::viewer_tokens::Proven;
use crate::domain::ids::{InboxEmbedId, OrganizationId, SharedInboxLinkId, SharedSessionId, UserId};
use crate::domain::permissions::Permissions;
use crate::domain::principal::{Grant, Principal, Reach};
use crate::domain::viewer::Viewer;

/// What the sessions with these ids (`$1`) stand for now: one row for each, with what it may see.
pub const CHECK: &str = "SELECT s.id, s.organization_id, s.link_id, s.embed_id, s.expires_at, s.ended_at,
        coalesce(l.name, e.name, 'Embed'), coalesce(l.permissions, e.permissions),
        coalesce(l.expires_at, e.expires_at), coalesce(l.revoked_at, e.revoked_at),
        coalesce(l.last_used_at, e.last_used_at), coalesce(l.created_by, e.created_by), e.assigned_user_id,
        CASE
            WHEN e.scope_type = 'project' THEN NULL
            WHEN e.scope_type = 'customer' THEN ARRAY(
                SELECT i.id FROM inboxes i LEFT JOIN phone_numbers p ON p.inbox_id = i.id
                WHERE i.organization_id = s.organization_id AND coalesce(p.customer_id, i.customer_id) = e.customer_id)
            ELSE ARRAY(
                SELECT p.inbox_id FROM phone_numbers p WHERE p.organization_id = s.organization_id
                    AND p.id = coalesce(l.phone_number_id, e.phone_number_id))
        END,
        e.allowed_origins, s.viewer_id, s.viewer_name, s.viewer_email, s.viewer_permissions,
        CASE
            WHEN s.viewer_key IS NULL THEN NOT coalesce(e.require_viewer_identity, false)
            ELSE e.viewer_keys @> jsonb_build_array(jsonb_build_object('x', s.viewer_key))
        END
    FROM shared_inbox_sessions s
    LEFT JOIN shared_inbox_links l ON l.organization_id = s.organization_id AND l.id = s.link_id
    LEFT JOIN inbox_embeds e ON e.organization_id = s.organization_id AND e.id = s.embed_id
    WHERE s.id = ANY($1)";

/// Why a link, an embed, or a session of one lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There is no such session.
    Unknown,
    /// It was ended, by its visitor or by the link's owner.
    SessionEnded,
    /// Its time is over.
    SessionExpired,
    /// The link was revoked.
    LinkRevoked,
    /// The link has expired.
    LinkExpired,
    /// The link has another public URL by now.
    LinkRotated,
    /// The embed was revoked.
    EmbedRevoked,
    /// The embed has expired.
    EmbedExpired,
    /// The embed lets nobody in any more who is not proved to be somebody.
    ViewerRequired,
    /// The embed has the key no more that proved who looks.
    ViewerKeyRemoved,
}

impl Ended {
    /// How a link or embed stands at `now`.
    ///
    /// # Errors
    /// When it was revoked or has expired.
    pub fn check(
        guest: Guest,
        (revoked_at, expires_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        now: DateTime<Utc>,
    ) -> Result<(), Self> {
        let expired = expires_at.is_some_and(|end| end <= now);
        match guest {
            Guest::Link(_) if revoked_at.is_some() => Err(Self::LinkRevoked),
            Guest::Link(_) if expired => Err(Self::LinkExpired),
            Guest::Embed(_) if revoked_at.is_some() => Err(Self::EmbedRevoked),
            Guest::Embed(_) if expired => Err(Self::EmbedExpired),
            Guest::Link(_) | Guest::Embed(_) => Ok(()),
        }
    }
}

/// A session as the database has it now.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SharedSessionId,
    /// Who calls by it, or why nobody does.
    pub principal: Result<Arc<Principal>, Ended>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When its link or embed was last used, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From which origins the embed may be used, if it is one's.
    pub allowed_origins: Option<Vec<String>>,
}

impl Session {
    /// Reads a row of `CHECK`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row, now: DateTime<Utc>) -> Result<Self, Error> {
        let id = SharedSessionId(row.try_get(0)?);
        let guest = guest(row, 2)?;
        let expires_at: DateTime<Utc> = row.try_get(4)?;
        let words: Vec<&str> = row.try_get(7)?;
        let viewer = viewer(row, 15)?;
        let holds = if row.try_get::<_, Option<DateTime<Utc>>>(5)?.is_some() {
            Err(Ended::SessionEnded)
        } else {
            // What became of the link says more than that the session is over.
            let standing = (row.try_get(9)?, row.try_get(8)?);
            Ended::check(guest, standing, now).and(if expires_at <= now {
                Err(Ended::SessionExpired)
            } else if row.try_get(19)? {
                Ok(())
            } else if viewer.is_some() {
                Err(Ended::ViewerKeyRemoved)
            } else {
                Err(Ended::ViewerRequired)
            })
        };
        let permitted = Permissions::of_words(&words);
        let narrowed: Option<Vec<&str>> = row.try_get(18)?;
        let principal = Principal {
            organization: OrganizationId(row.try_get(1)?),
            credential: guest.into(),
            session: Some(id),
            name: row.try_get(6)?,
            viewer,
            user: UserId(row.try_get(11)?),
            sees: Reach { inboxes: row.try_get(13)?, assignee: row.try_get(12)? },
            may: Grant::Permissions(match narrowed {
                Some(words) => permitted.and(Permissions::of_words(&words)),
                None => permitted,
            }),
        };
        Ok(Self {
            id,
            principal: holds.map(|()| Arc::new(principal)),
            expires_at,
            last_used_at: row.try_get(10)?,
            allowed_origins: row.try_get(14)?,
        })
    }

    /// Whether the use of its link or embed is to be noted.
    pub fn is_use_to_be_noted(&self, now: DateTime<Utc>) -> bool {
        self.principal.is_ok() && self.last_used_at.is_none_or(|at| now - at >= TimeDelta::minutes(1))
    }
}

fn guest(row: &Row, column: usize) -> Result<Guest, Error> {
    let (link, embed): (Option<Uuid>, Option<Uuid>) = (row.try_get(column)?, row.try_get(column + 1)?);
    let link = link.map(|id| Guest::Link(SharedInboxLinkId(id)));
    link.or_else(|| embed.map(|id| Guest::Embed(InboxEmbedId(id))))
        .ok_or_else(|| Error::Stored("a session without link and embed".into()))
}

/// The viewer in three columns, if there is one.
fn viewer(row: &Row, column: usize) -> Result<Option<Viewer>, Error> {
    let Some(id) = row.try_get(column)? else { return Ok(None) };
    Ok(Some(Viewer { id, name: row.try_get(column + 1)?, email: row.try_get(column + 2)? }))
}

/// How a session stands now.
///
/// # Errors
/// When the database fails.
pub async fn check(client: &impl GenericClient, id: SharedSessionId) -> Result<Option<Session>, Error> {
    let statement = client.prepare_cached(CHECK).await?;
    let row = client.query_opt(&statement, &[&vec![id.0]]).await?;
    row.map(|row| Session::read(&row, Utc::now())).transpose()
}

/// Begins a session, of an embed's viewer if one was proved.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    client: &impl GenericClient,
    name: &SessionName,
    proven: Option<&Proven>,
    expires_at: DateTime<Utc>,
) -> Result<(), Error> {
    let sql =
        "INSERT INTO shared_inbox_sessions (id, organization_id, link_id, embed_id, expires_at, viewer_id,
            viewer_name, viewer_email, viewer_key, viewer_permissions)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let (link, embed) = columns(name.guest);
    let viewer = proven.map(|proven| &proven.viewer);
    let statement = client.prepare_cached(sql).await?;
    let params: [&(dyn ToSql + Sync); 10] = [
        &name.session.0,
        &name.organization.0,
        &link,
        &embed,
        &expires_at,
        &viewer.map(|viewer| &viewer.id),
        &viewer.and_then(|viewer| viewer.name.as_ref()),
        &viewer.and_then(|viewer| viewer.email.as_ref()),
        &proven.map(|proven| &proven.key),
        &proven.and_then(|proven| proven.permissions).map(Permissions::words),
    ];
    client.execute(&statement, &params).await?;
    Ok(())
}

fn columns(guest: Guest) -> (Option<Uuid>, Option<Uuid>) {
    match guest {
        Guest::Link(id) => (Some(id.0), None),
        Guest::Embed(id) => (None, Some(id.0)),
    }
}

/// Ends a session of the organization; whether it ran until now.
///
/// # Errors
/// When the database fails.
pub async fn end(
    client: &impl GenericClient,
    organization: OrganizationId,
    guest: Guest,
    id: SharedSessionId,
) -> Result<Option<bool>, Error> {
    let sql = "WITH found AS (
            SELECT id, ended_at FROM shared_inbox_sessions
            WHERE organization_id = $1 AND id = $2 AND (link_id = $3 OR embed_id = $4) FOR NO KEY UPDATE
        )
        UPDATE shared_inbox_sessions s SET ended_at = coalesce(s.ended_at, now()) FROM found
        WHERE s.organization_id = $1 AND s.id = found.id RETURNING found.ended_at IS NULL";
    let (link, embed) = columns(guest);
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0, &link, &embed]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// A session as the link's owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: SharedSessionId,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// Since when it is ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// The embed's viewer, if one was proved.
    pub viewer: Option<Viewer>,
}

impl Listed {
    /// `active`, `expired` or `ended`.
    pub fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.ended_at {
            Some(_) => "ended",
            None if self.expires_at <= now => "expired",
            None => "active",
        }
    }
}

const LISTED: &str = "id, expires_at, ended_at, created_at, viewer_id, viewer_name, viewer_email";

fn listed(row: &Row) -> Result<Listed, Error> {
    Ok(Listed {
        id: SharedSessionId(row.try_get(0)?),
        expires_at: row.try_get(1)?,
        ended_at: row.try_get(2)?,
        created_at: row.try_get(3)?,
        viewer: viewer(row, 4)?,
    })
}

/// A page of a link's sessions, the latest first, before `before`; those that are long over are forgotten.
///
/// # Errors
/// When the database fails.
pub async fn list_of_link(
    client: &impl GenericClient,
    organization: OrganizationId,
    link: SharedInboxLinkId,
    (before, limit): (Option<SharedSessionId>, i64),
) -> Result<Vec<Listed>, Error> {
    let sql = format!(
        "SELECT {LISTED} FROM shared_inbox_sessions
        WHERE organization_id = $1 AND link_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
    );
    let before = before.map_or(Uuid::max(), |id| id.0);
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&organization.0, &link.0, &before, &limit]).await?;
    rows.iter().map(listed).collect()
}

/// A page of an embed's sessions, the latest first, and how many there are on all pages; those that are long over are forgotten.
///
/// # Errors
/// When the database fails.
pub async fn list_of_embed(
    client: &impl GenericClient,
    organization: OrganizationId,
    embed: InboxEmbedId,
    (offset, limit): (i64, i64),
) -> Result<(Vec<Listed>, i64), Error> {
    let sql = "SELECT count(*) FROM shared_inbox_sessions WHERE organization_id = $1 AND embed_id = $2";
    let statement = client.prepare_cached(sql).await?;
    let count = client.query_one(&statement, &[&organization.0, &embed.0]).await?.try_get(0)?;
    let sql = format!(
        "SELECT {LISTED} FROM shared_inbox_sessions
        WHERE organization_id = $1 AND embed_id = $2 ORDER BY id DESC OFFSET $3 LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&organization.0, &embed.0, &offset, &limit]).await?;
    Ok((rows.iter().map(listed).collect::<Result<_, _>>()?, count))
}

/// Notes that a link or embed is in use, at most once a minute.
///
/// # Errors
/// When the database fails.
pub async fn note_use(client: &impl GenericClient, guest: Guest) -> Result<(), Error> {
    let (table, id) = match guest {
        Guest::Link(id) => ("shared_inbox_links", id.0),
        Guest::Embed(id) => ("inbox_embeds", id.0),
    };
    let sql = format!(
        "UPDATE {table} SET last_used_at = now()
        WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.execute(&statement, &[&id]).await?;
    Ok(())
}
