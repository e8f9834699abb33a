//! Errors as the provider writes them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::faults::Refuse;

/// An answer that refuses.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: u32,
    message: String,
    retry_after: Option<u64>,
}

impl ApiError {
    /// A refusal with this status, code and words.
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// A refusal of the request with this code, in the provider's words.
    pub fn of(code: u32) -> Self {
        Self::new(400, code, words(code))
    }

    /// Who calls is not known.
    pub fn unauthenticated() -> Self {
        Self::new(401, 20_003, "Authenticate")
    }

    /// There is no such thing.
    pub fn not_found(path: &str) -> Self {
        Self::new(404, 20_404, format!("The requested resource {path} was not found"))
    }
}

impl From<&Refuse> for ApiError {
    fn from(refuse: &Refuse) -> Self {
        let message = refuse.message.clone().unwrap_or_else(|| words(refuse.code).to_owned());
        Self { retry_after: refuse.retry_after, ..Self::new(refuse.http_status, refuse.code, message) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        });
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The provider's words for a code.
pub fn words(code: u32) -> &'static str {
    match code {
        11_200 => "HTTP retrieval failure",
        20_003 => "Authenticate",
        20_429 => "Too Many Requests",
        20_500 => "Internal Server Error",
        20_503 => "Service Unavailable",
        21_211 => "Invalid 'To' Phone Number",
        21_266 => "'To' and 'From' number cannot be the same",
        21_408 => {
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"
        }
        21_602 => "Message body is required",
        21_603 => "A 'From' phone number is required",
        21_604 => "A 'To' phone number is required",
        21_606 => {
            "The 'From' phone number provided is not a valid, message-capable phone number or short code of this account"
        }
        21_609 => "Invalid 'StatusCallback' URL",
        21_610 => "Attempt to send to unsubscribed recipient",
        21_611 => "This 'From' number has exceeded the maximum number of queued messages",
        21_614 => "'To' number is not a valid mobile number",
        21_617 => "The concatenated message body exceeds the 1600 character limit",
        21_620 => "Invalid media URL(s)",
        21_623 => "Number of media files exceeds allowed limit",
        21_701 => "The Messaging Service does not exist",
        30_003 => "Unreachable destination handset",
        30_005 => "Unknown destination handset",
        30_006 => "Landline or unreachable carrier",
        30_007 => "Message filtered",
        30_008 => "Unknown error",
        _ => "The request could not be completed",
    }
}
