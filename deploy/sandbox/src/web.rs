//! The phone and the mail page, and the files they are made of (`web/`), from inside the binary.
//!
//! All files of one build stand under one directory whose name is a hash over them: modules import each other by plain relative paths,
//! every file may be kept for ever, and no page mixes two builds.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Debug builds read them from the folder, so that they can be edited while the sandbox runs.
#[derive(RustEmbed)]
#[folder = "web/"]
struct Files;

/// Nothing from elsewhere, no script or style but the pages' own files; email is shown in a frame with a policy of its own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
     connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
);
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

static VERSION: LazyLock<String> = LazyLock::new(version);

/// `GET /phone`: a contact's phone.
pub(crate) async fn show_phone() -> Response {
    page("phone.html")
}

/// `GET /mail/page`: the emails caught.
pub(crate) async fn show_mail() -> Response {
    page("mail.html")
}

/// `GET /assets/{version}/{path}`: a file of this build.
pub(crate) async fn asset(Path((version, path)): Path<(String, String)>) -> Response {
    match Files::get(&path).filter(|_| version == current()) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(media_type(&path))),
                (header::CACHE_CONTROL, FOR_EVER),
            ];
            (headers, nosniff(), file.data).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(name: &str) -> Response {
    let Some(file) = Files::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let html = String::from_utf8_lossy(&file.data).replace("{version}", &current());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, nosniff(), html).into_response()
}

fn nosniff() -> [(HeaderName, HeaderValue); 1] {
    [(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))]
}

/// What was embedded never changes, but a folder does.
fn current() -> String {
    if cfg!(debug_assertions) { version() } else { VERSION.clone() }
}

fn version() -> String {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut all = Sha256::new();
    for name in names {
        if let Some(file) = Files::get(&name) {
            all.update(name.as_bytes());
            all.update(file.metadata.sha256_hash());
        }
    }
    hex::encode(&all.finalize()[..8])
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("html") => "text/html; charset=utf-8",
        Some("jpg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("mp4") => "video/mp4",
        Some("ogg") => "audio/ogg",
        Some("pdf") => "application/pdf",
        _ => "text/plain; charset=utf-8",
    }
}
