//! The Graph API's error body. Provider endpoints answer with this; control endpoints have their own.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::codes;
use crate::faults::Refuse;

/// An error as the Graph API answers it.
#[derive(Debug)]
pub struct GraphError {
    status: StatusCode,
    code: u32,
    subcode: Option<u32>,
    kind: &'static str,
    message: String,
    details: Option<String>,
    is_transient: Option<bool>,
    retry_after: Option<u64>,
}

impl GraphError {
    /// An error of a code, with the provider's title, explanation and status.
    pub fn of(code: u32) -> Self {
        Self {
            status: codes::http_status(code),
            code,
            subcode: None,
            kind: "OAuthException",
            message: format!("(#{code}) {}", codes::title(code)),
            details: (code > 1_000).then(|| codes::details(code).to_owned()),
            is_transient: None,
            retry_after: None,
        }
    }

    /// A parameter that the Graph API itself refuses (code 100).
    pub fn parameter(message: impl AsRef<str>) -> Self {
        Self { message: format!("(#100) {}", message.as_ref()), ..Self::of(100) }
    }

    /// An object that does not exist, or is not for this token (code 100, subcode 33).
    pub fn no_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation. Please read the Graph API documentation at \
             https://developers.facebook.com/docs/graph-api"
        );
        Self { subcode: Some(33), kind: "GraphMethodException", message, ..Self::of(100) }
    }

    /// A token that is not known (code 190).
    pub fn unknown_token() -> Self {
        Self { message: codes::title(190).to_owned(), ..Self::of(190) }
    }

    /// A token that has expired (code 190, subcode 463).
    pub fn expired_token() -> Self {
        let message = "Error validating access token: Session has expired. The current time is later.".into();
        Self { subcode: Some(463), message, ..Self::of(190) }
    }

    /// Explains it in `error_data.details`.
    pub fn because(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// Replaces its text.
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }
}

impl From<&Refuse> for GraphError {
    fn from(refuse: &Refuse) -> Self {
        let error = Self::of(refuse.code);
        Self {
            status: StatusCode::from_u16(refuse.http_status).unwrap_or(error.status),
            subcode: refuse.subcode,
            message: refuse.message.clone().unwrap_or(error.message),
            is_transient: refuse.is_transient,
            retry_after: refuse.retry_after,
            ..error
        }
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let mut error = json!({"message": self.message, "type": self.kind, "code": self.code});
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if let Some(details) = self.details {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": details});
        }
        if let Some(is_transient) = self.is_transient {
            error["is_transient"] = json!(is_transient);
        }
        error["fbtrace_id"] = json!(format!("A{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())));
        let mut response = (self.status, axum::Json(json!({"error": error}))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
