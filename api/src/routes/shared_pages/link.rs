//! `GET /shared/inbox/{token}`: the inbox behind a link, and `GET /shared/inbox`, where its page goes on without the token.

use axum::extract::State;
use axum::response::Response;
use common::crypto::shared::SharedTokens;
use common::problem::Problem;

use super::{nothing, page};
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
) -> Result<Response, Problem> {
    if !token.starts_with(SharedTokens::LINK) {
        return Ok(nothing(None));
    }
    Ok(match look_up(&state, &token).await? {
        Some((_, Ok(()))) => page(&state, NOBODY),
        Some((_, Err(ended))) => nothing(Some(ended)),
        None => nothing(None),
    })
}

/// The same page for whoever has a session already.
pub async fn go_on(State(state): State<AppState>) -> Response {
    page(&state, NOBODY)
}
