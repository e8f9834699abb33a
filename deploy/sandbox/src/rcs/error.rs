//! Errors as the provider writes them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::faults::Refuse;

/// An answer that refuses.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    retry_after: Option<u64>,
}

impl ApiError {
    /// A refusal with this HTTP status, in the provider's words.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, message: message.into(), retry_after: None }
    }

    /// Something about the request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// RCS does not reach the contact.
    pub fn not_reached() -> Self {
        Self::new(404, "Requested entity was not found.")
    }
}

impl From<&Refuse> for ApiError {
    fn from(refuse: &Refuse) -> Self {
        let message =
            refuse.message.clone().unwrap_or_else(|| "The request could not be completed.".to_owned());
        Self { retry_after: refuse.retry_after, ..Self::new(refuse.http_status, message) }
    }
}

/// The provider's word for a status.
fn word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "UNKNOWN",
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error =
            json!({ "code": self.status.as_u16(), "message": self.message, "status": word(self.status) });
        let mut response = (self.status, axum::Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
