//! The pages that people outside open: a link's, and an embed's inside a frame. The page itself knows nothing of its visitor; what it
//! shows, it asks of the API. Its headers say what it may load and who may frame it.

pub mod embed;
pub mod link;
mod nothing;

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};
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

fn set_policy(response: &mut Response, policy: &str) {
    if let Ok(value) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
}
