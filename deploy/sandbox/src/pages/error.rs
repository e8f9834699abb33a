//! The Graph API's error body, as Messenger and Instagram write it: what a code means is in its subcode.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::faults::Refuse;

/// An error as the Send API answers it.
#[derive(Debug)]
pub struct PageError {
    status: StatusCode,
    code: u32,
    subcode: Option<u32>,
    message: String,
    is_transient: Option<bool>,
    retry_after: Option<u64>,
}

impl PageError {
    /// An error of a code and its subcode.
    pub fn new(status: StatusCode, code: u32, subcode: Option<u32>, message: impl Into<String>) -> Self {
        let message = format!("(#{code}) {}", message.into());
        Self { status, code, subcode, message, is_transient: None, retry_after: None }
    }

    /// A parameter that is not taken.
    pub fn parameter(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 100, None, message)
    }

    /// A parameter that is not taken, for a reason that has a number.
    pub fn parameter_because(subcode: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 100, Some(subcode), message)
    }

    /// A token that is of no use.
    pub fn token(expired: bool) -> Self {
        let (subcode, message) = match expired {
            true => (Some(463), "Error validating access token: Session has expired."),
            false => (None, "Invalid OAuth access token - Cannot parse access token"),
        };
        let error = Self::new(StatusCode::UNAUTHORIZED, 190, subcode, "");
        Self { message: message.into(), ..error }
    }

    /// An object that does not exist, or is not for this token.
    pub fn no_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation."
        );
        Self { message, ..Self::parameter_because(33, "") }
    }
}

impl From<&Refuse> for PageError {
    fn from(refuse: &Refuse) -> Self {
        let status = StatusCode::from_u16(refuse.http_status).unwrap_or(StatusCode::BAD_REQUEST);
        let message = refuse.message.clone().unwrap_or_else(|| "An ordered fault".into());
        let error = Self::new(status, refuse.code, refuse.subcode, message);
        Self { is_transient: refuse.is_transient, retry_after: refuse.retry_after, ..error }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut error = json!({"message": self.message, "type": "OAuthException", "code": self.code});
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if let Some(is_transient) = self.is_transient {
            error["is_transient"] = json!(is_transient);
        }
        error["fbtrace_id"] = json!(format!("A{:022x}", rand::random::<u64>()));
        let mut response = (self.status, axum::Json(json!({"error": error}))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
