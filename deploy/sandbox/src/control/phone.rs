//! `GET /phone`: a page that shows a contact's phone.

use axum::http::header;
use axum::response::{Html, IntoResponse};

const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

/// The page, whole in one file.
pub async fn show_phone() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("phone.html")))
}
