//! Which other origins' pages may call the API: those that embeds allow. No cookies are involved: whoever calls has a token.

use std::time::Duration;

use common::crypto::shared::SharedTokens;
use common::db::{self, inbox_embeds};
use common::domain::origins::allow;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::auth;
use crate::state::AppState;

/// How long a browser need not ask again.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Answers browsers that ask whether a page may call, and tells them whether it may read the answer.
pub fn layer(state: &AppState) -> CorsLayer {
    let state = state.clone();
    let header = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(move |origin: HeaderValue, parts: &Parts| {
            let token = auth::token(&parts.headers);
            async move {
                let Ok(origin) = origin.to_str() else { return false };
                is_allowed(&state, origin, token.as_deref()).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "nobody knows whether an origin may call");
                    false
                })
            }
        }))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header("idempotency-key"),
            header("last-event-id"),
            header("traceparent"),
        ])
        .expose_headers([header::LINK, header::LOCATION, header::RETRY_AFTER, header("x-trace-id")])
        .max_age(REMEMBERED)
}

/// By the session's own embed; before there is one, and when a browser only asks, by any embed that works.
async fn is_allowed(state: &AppState, origin: &str, token: Option<&str>) -> Result<bool, db::Error> {
    let session = token.filter(|token| token.starts_with(SharedTokens::SESSION));
    let client = state.pool.get().await?;
    match session {
        Some(token) => {
            let Some(name) = state.shared.read_session(token) else { return Ok(false) };
            let session = db::shared_sessions::check(&client, name.session).await?;
            Ok(session.and_then(|it| it.allowed_origins).is_some_and(|allowed| allow(&allowed, origin)))
        }
        None if token.is_some() => Ok(false),
        None => Ok(inbox_embeds::list_allowed_origins(&client).await?.iter().any(|it| allow(it, origin))),
    }
}
