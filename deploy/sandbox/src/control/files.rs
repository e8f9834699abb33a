//! `GET /control/files/{id}`: a stored file without a token, for the phone page.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::ControlError;
use crate::media::Medium;
use crate::sandbox::Sandbox;

/// What a file may do when a browser opens it: nothing. It came from outside and shares its address with the pages.
const POLICY: HeaderValue =
    HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'");

/// A file as chats name it.
pub fn view(medium: &Medium) -> Value {
    json!({"id": medium.id, "mimeType": medium.mime_type, "size": medium.bytes.len()})
}

/// The bytes of a file of any account.
pub async fn download_file(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Response, ControlError> {
    let medium = sandbox.media.get(&id).ok_or_else(|| ControlError::not_found("file"))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_str(&medium.mime_type)
                .unwrap_or(HeaderValue::from_static("application/octet-stream")),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable")),
    ];
    Ok((headers, medium.bytes.clone()).into_response())
}
