//! `GET /embed/{token}`: the inbox inside another product's frame, and `GET /embed`, where its page goes on without the token.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use common::crypto::shared::EmbedToken;
use common::domain::origins::AllowedOrigin;
use common::problem::Problem;
use http::HeaderMap;

use super::nothing::{Wishes, nothing};
use super::page;
use crate::extract::Path;
use crate::routes::shared_sessions::create::{SharedToken, look_up};
use crate::state::AppState;

/// An embed without origins may be framed by anybody; and what takes the place of one that has ended, so that whoever embeds it sees why.
const ANYBODY: &str = "*";

/// The inbox of an embed.
///
/// # Errors
/// When the database is away.
pub async fn open_embed(
    State(state): State<AppState>,
    Path(SharedToken(token)): Path<SharedToken>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wishes = Wishes::of(query.as_deref(), &headers);
    if !token.starts_with(EmbedToken::PREFIX) {
        return Ok(nothing(None, wishes, ANYBODY));
    }
    Ok(match look_up(&state, &token).await? {
        Some((found, Ok(()))) => page(&state, &frame_ancestors(found.allowed_origins())),
        Some((_, Err(ended))) => nothing(Some(ended), wishes, ANYBODY),
        None => nothing(None, wishes, ANYBODY),
    })
}

/// The same page for a frame that is restored without its token. It can show nothing but what its own tab remembers, which browsers
/// keep apart for each site that frames it.
pub async fn go_on(State(state): State<AppState>) -> Response {
    page(&state, ANYBODY)
}

fn frame_ancestors(allowed: &[String]) -> String {
    if allowed.is_empty() {
        return ANYBODY.to_owned();
    }
    let sources = allowed.iter().filter_map(|text| text.parse::<AllowedOrigin>().ok());
    let sources: Vec<String> = sources.map(|origin| origin.to_string()).collect();
    // What cannot be read allows nobody.
    if sources.is_empty() { "'none'".to_owned() } else { sources.join(" ") }
}
