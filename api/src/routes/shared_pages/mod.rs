//! The pages that people outside open: a link's, and an embed's inside a frame. The page itself knows nothing of its visitor; what it
//! shows, it asks of the API. Its headers say what it may load and who may frame it.

pub mod embed;
pub mod link;

use axum::response::{Html, IntoResponse, Response};
use common::db::shared_sessions::Ended;
use http::{HeaderValue, StatusCode, header};
use url::Url;

use crate::state::AppState;
use crate::web;

/// The page, which only `frame_ancestors` may show in a frame.
fn page(state: &AppState, frame_ancestors: &str) -> Response {
    let mut response = Html(web::index_html()).into_response();
    set_policy(&mut response, &policy(state, frame_ancestors));
    response
}

/// What the page may load: from here, and files from the public address, where that is another.
fn policy(state: &AppState, frame_ancestors: &str) -> String {
    let files = Url::parse(&state.config.http.public_url).map(|url| url.origin().ascii_serialization());
    let files = files.unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; \
         img-src 'self' blob: data: {files}; media-src 'self' blob: {files}; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"
    )
}

/// What is shown in place of the page when the address opens nothing: what to do, and nothing more.
fn nothing(ended: Option<Ended>) -> Response {
    let (status, title, advice) = match ended {
        Some(Ended::LinkExpired | Ended::EmbedExpired) => {
            (StatusCode::GONE, "This address has expired", "Ask whoever gave it to you for a new one.")
        }
        Some(Ended::LinkRevoked | Ended::EmbedRevoked) => (
            StatusCode::GONE,
            "This address is no longer in use",
            "Ask whoever gave it to you for a new one.",
        ),
        Some(Ended::LinkRotated) => {
            (StatusCode::GONE, "This address was replaced", "Ask whoever gave it to you for the current one.")
        }
        _ => (
            StatusCode::NOT_FOUND,
            "There is nothing at this address",
            "See whether it is complete, or ask whoever gave it to you.",
        ),
    };
    let body = format!(
        "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"robots\" content=\"noindex\">
<title>{title}</title>
<main>
<h1>{title}</h1>
<p>{advice}</p>
</main>
</html>
"
    );
    let mut response = (status, Html(body)).into_response();
    // There is nothing in it that a frame could misuse, and whoever embeds it sees why it does not work.
    set_policy(&mut response, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *");
    response
}

fn set_policy(response: &mut Response, policy: &str) {
    if let Ok(value) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
}
