//! `GET /v1/shared-inbox-links/{id}/sessions` and `DELETE …/sessions/{sessionId}`: who is in, and out with one of them.

use axum::extract::State;
use axum::response::Response;
use chrono::Utc;
use common::crypto::shared::Guest;
use common::db;
use common::db::audit::{self, Entry};
use common::db::{shared_links, shared_sessions};
use common::domain::ids::{SharedInboxLinkId, SharedSessionId};
use common::problem::{Problem, Timestamp};
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::auth::{
    Allowed,
    rights::{LinkRead, LinkUpdate},
};
use crate::extract::{Nested, Path, Query, Trace};
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListLinkSessions {
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of a link's sessions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkSessions {
    /// The latest first. Those that ended more than 30 days ago are forgotten.
    data: Vec<LinkSession>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// A session of a link, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkSession {
    /// Id; it stands in the audit log beside what was done.
    id: Uuid,
    /// `active`, `expired` or `ended`.
    #[schema(example = "active")]
    status: &'static str,
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

impl From<shared_sessions::Listed> for LinkSession {
    fn from(session: shared_sessions::Listed) -> Self {
        Self {
            id: session.id.0,
            status: session.status(Utc::now()),
            expires_at: Timestamp(session.expires_at),
            ended_at: session.ended_at.map(Timestamp),
            created_at: Timestamp(session.created_at),
        }
    }
}

/// List the sessions of a shared inbox link
#[utoipa::path(
    get, path = "/v1/shared-inbox-links/{id}/sessions", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:read"]))),
    params(
        ("id" = String, Path, description = "Id of the link", example = "550e8400-e29b-41d4-a716-446655440000"),
        ListLinkSessions,
    ),
    responses((status = 200, description = "The sessions, the latest first", body = LinkSessions))
)]
pub async fn list_link_sessions(
    caller: Allowed<LinkRead>,
    State(state): State<AppState>,
    Path(id): Path<SharedInboxLinkId>,
    Query(query): Query<ListLinkSessions>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let before = paging::read_id_token(query.page_token.as_deref())?.map(SharedSessionId);
    let client = state.db().await?;
    let link = shared_links::find(&client, caller.organization, id, false).await?;
    link.ok_or_else(|| Problem::not_found("shared inbox link"))?;
    let page = (before, size as i64 + 1);
    let mut found = shared_sessions::list_of_link(&client, caller.organization, id, page).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let page = LinkSessions { data: found.into_iter().map(LinkSession::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}

/// End a session of a shared inbox link
///
/// Its visitor is out with the next request, and back in with the link, if that still works. Ending it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/shared-inbox-links/{id}/sessions/{sessionId}", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:update"]))),
    params(
        ("id" = String, Path, description = "Id of the link", example = "550e8400-e29b-41d4-a716-446655440000"),
        ("sessionId" = String, Path, description = "Id of the session", example = "550e8400-e29b-41d4-a716-446655440111"),
    ),
    responses((status = 204, description = "It is over"))
)]
pub async fn end_link_session(
    caller: Allowed<LinkUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Nested(id, session): Nested<SharedInboxLinkId, SharedSessionId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let ended = shared_sessions::end(&tx, caller.organization, Guest::Link(id), session).await?;
    if ended.ok_or_else(|| Problem::not_found("session"))? {
        audit::insert(&tx, &Entry::by(&caller, "shared_session.end", session, trace)).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
