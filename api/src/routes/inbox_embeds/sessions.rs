//! `GET /platform/v1/inbox_embeds/{id}/sessions` and `DELETE …/sessions/{session_id}`: who is in, and out with one of them.

use axum::Json;
use axum::extract::State;
use chrono::Utc;
use common::crypto::shared::Guest;
use common::db;
use common::db::audit::{self, Entry};
use common::db::{inbox_embeds, shared_sessions};
use common::domain::ids::{InboxEmbedId, SharedSessionId};
use common::domain::viewer::Viewer;
use common::problem::{Problem, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::list::{PageMeta, place};
use crate::auth::{
    Allowed,
    rights::{EmbedRead, EmbedUpdate},
};
use crate::extract::{Nested, Path, Query, Trace};
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListEmbedSessions {
    /// Which page, from 1 on.
    #[param(minimum = 1, default = 1)]
    page: Option<u32>,
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20)]
    per_page: Option<u16>,
}

/// A page of an embed's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbedSessions {
    /// The latest first. Those that ended more than 30 days ago are forgotten.
    data: Vec<EmbedSession>,
    /// Where it is among the pages.
    meta: PageMeta,
}

/// A session of an embed, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbedSession {
    /// Id; it stands in the audit log beside what was done.
    id: Uuid,
    /// `active`, `expired` or `ended`.
    #[schema(example = "active")]
    status: &'static str,
    /// Who looks, if the product that holds the embed has proved it.
    viewer: Option<Viewer>,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Since when it is ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<shared_sessions::Listed> for EmbedSession {
    fn from(session: shared_sessions::Listed) -> Self {
        Self {
            id: session.id.0,
            status: session.status(Utc::now()),
            viewer: session.viewer,
            expires_at: Timestamp(session.expires_at),
            ended_at: session.ended_at.map(Timestamp),
            created_at: Timestamp(session.created_at),
        }
    }
}

/// List the sessions of an inbox embed
#[utoipa::path(
    get, path = "/platform/v1/inbox_embeds/{id}/sessions", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:read"]))),
    params(
        ("id" = String, Path, description = "Id of the embed", example = "550e8400-e29b-41d4-a716-446655440000"),
        ListEmbedSessions,
    ),
    responses((status = 200, description = "The sessions, the latest first", body = EmbedSessions))
)]
pub async fn list_embed_sessions(
    caller: Allowed<EmbedRead>,
    State(state): State<AppState>,
    Path(id): Path<InboxEmbedId>,
    Query(query): Query<ListEmbedSessions>,
) -> Result<Json<EmbedSessions>, Problem> {
    let (page, per_page, range) = place(query.page, query.per_page)?;
    let client = state.db().await?;
    let embed = inbox_embeds::find(&client, caller.organization, id, false).await?;
    embed.ok_or_else(|| Problem::not_found("inbox embed"))?;
    let (found, total) = shared_sessions::list_of_embed(&client, caller.organization, id, range).await?;
    let data = found.into_iter().map(EmbedSession::from).collect();
    Ok(Json(EmbedSessions { data, meta: PageMeta::new(page, per_page, total) }))
}

/// End a session of an inbox embed
///
/// Its visitor is out with the next request, and back in with the embed, if that still works. Ending it again changes nothing.
#[utoipa::path(
    delete, path = "/platform/v1/inbox_embeds/{id}/sessions/{session_id}", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:update"]))),
    params(
        ("id" = String, Path, description = "Id of the embed", example = "550e8400-e29b-41d4-a716-446655440000"),
        ("session_id" = String, Path, description = "Id of the session", example = "550e8400-e29b-41d4-a716-446655440111"),
    ),
    responses((status = 204, description = "It is over"))
)]
pub async fn end_embed_session(
    caller: Allowed<EmbedUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Nested(id, session): Nested<InboxEmbedId, SharedSessionId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let ended = shared_sessions::end(&tx, caller.organization, Guest::Embed(id), session).await?;
    if ended.ok_or_else(|| Problem::not_found("session"))? {
        audit::insert(&tx, &Entry::by(&caller, "shared_session.end", session, trace)).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
