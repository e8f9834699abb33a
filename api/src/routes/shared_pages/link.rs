//! `GET /shared/inbox/{token}`: the inbox behind a link, and `GET /shared/inbox`, where its page goes on without the token.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use common::crypto::shared::SharedTokens;
use common::problem::Problem;
use http::HeaderMap;

use super::nothing::{Wishes, nothing};
use super::page;
use crate::extract::Path;
use crate::routes::shared_sessions::create::{SharedToken, look_up};
use crate::state::AppState;

const NOBODY: &str = "'none'";

/// The inbox behind a link.
///
/// # Errors
/// When the database is away.
pub async fn open_link(
    State(state): State<AppState>,
    Path(SharedToken(token)): Path<SharedToken>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wishes = Wishes::of(query.as_deref(), &headers);
    if !token.starts_with(SharedTokens::LINK) {
        return Ok(nothing(None, wishes, NOBODY));
    }
    Ok(match look_up(&state, &token).await? {
        Some((_, Ok(()))) => page(&state, NOBODY),
        Some((_, Err(ended))) => nothing(Some(ended), wishes, NOBODY),
        None => nothing(None, wishes, NOBODY),
    })
}

/// The same page for whoever has a session already.
pub async fn go_on(State(state): State<AppState>) -> Response {
    page(&state, NOBODY)
}
