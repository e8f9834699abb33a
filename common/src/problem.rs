//! Errors as clients see them: RFC 9457 `application/problem+json`, with a stable code and the fields at fault.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::channels::Channel;

/// An answer that says what is wrong and, where one is, with which field.
///
/// The private `cause` goes to the log, never to the client.
#[derive(Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code for programs, such as `not_found`.
    pub code: &'static str,
    /// One sentence for people.
    pub detail: String,
    /// Each field at fault.
    pub errors: Vec<FieldError>,
    /// The state of the reply window, where it matters.
    pub messaging_window: Option<MessagingWindow>,
    /// Seconds until another try makes sense.
    pub retry_after: Option<u32>,
    /// What really happened, for the log.
    pub cause: Option<anyhow::Error>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Path of the field, such as `content.text`.
    pub field: String,
    /// Stable code, such as `required`.
    pub code: String,
    /// One sentence for people.
    pub message: String,
}

/// Whether free-form messages may be sent to a contact now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessagingWindow {
    /// `OPEN` or `CLOSED`.
    pub state: WindowState,
    /// When the window closes or closed; null if it never opened, or never closes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Messenger and Instagram: from when on replies go out as a person's, which the provider allows for longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub human_agent_from: Option<Timestamp>,
}

/// State of a reply window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum WindowState {
    /// Every content type may be sent.
    Open,
    /// Only templates may be sent.
    Closed,
}

impl MessagingWindow {
    /// The window of a channel at `now`, given when it expires; none means that the contact has never written.
    pub fn at(channel: Channel, now: DateTime<Utc>, expires_at: Option<DateTime<Utc>>) -> Self {
        if channel.reply_window().is_none() {
            return Self { state: WindowState::Open, expires_at: None, human_agent_from: None };
        }
        let open = expires_at.is_some_and(|end| end > now);
        let state = if open { WindowState::Open } else { WindowState::Closed };
        let human_agent_from = expires_at.and_then(|end| channel.human_agent_from(end)).map(Timestamp);
        Self { state, expires_at: expires_at.map(Timestamp), human_agent_from }
    }
}

/// A time in RFC 3339, UTC, with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(Self)
    }
}

impl Problem {
    /// A problem with this status, code and sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            messaging_window: None,
            retry_after: None,
            cause: None,
        }
    }

    /// 400: the request cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    /// 400 for a required field that is missing or null.
    pub fn required(field: &str) -> Self {
        let problem =
            Self::new(StatusCode::BAD_REQUEST, "required_field_missing", format!("{field} is required"));
        problem.field(field, "required", "is required")
    }

    /// 422: well-formed but invalid, with the field at fault.
    pub fn invalid(field: &str, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", format!("{field} {message}"));
        problem.field(field, code, message)
    }

    /// 401: no credential, or one that is not valid.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 404: no such thing in this organization.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no such {what}"))
    }

    /// 500: our fault; the cause goes to the log only.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let detail = "Something went wrong on our side; the trace id finds it in the log";
        Self {
            cause: Some(cause.into()),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
        }
    }

    /// 503: a server we need is away or too much is waiting; with `Retry-After`.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(1)
    }

    /// Adds a field at fault.
    #[must_use]
    pub fn field(mut self, field: &str, code: &str, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body as clients read it; `trace_id` and `instance` are filled in by the api's outermost layer.
    pub fn body(&self, trace_id: Option<String>, instance: Option<String>) -> ProblemBody {
        ProblemBody {
            r#type: format!("/docs/problems#{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance,
            code: self.code.to_owned(),
            trace_id,
            errors: self.errors.clone(),
            messaging_window: self.messaging_window.clone(),
            error: self.detail.clone(),
        }
    }
}

/// The JSON of a problem.
#[derive(Debug, Clone, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProblemDetails)]
pub struct ProblemBody {
    /// Reference to the documentation of this kind of problem.
    pub r#type: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// One sentence for people.
    pub detail: String,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Stable code for programs.
    pub code: String,
    /// Finds the request in logs and traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Each field at fault.
    pub errors: Vec<FieldError>,
    /// The reply window, where it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_window: Option<MessagingWindow>,
    /// The same as `detail`, for clients that read one line of text.
    pub error: String,
}

impl IntoResponse for Problem {
    /// The api's outermost layer takes the problem from the extensions and adds trace id and instance.
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body(None, None))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

impl From<crate::db::Error> for Problem {
    fn from(error: crate::db::Error) -> Self {
        if error.is_unavailable() {
            let problem =
                Self::unavailable("database_unavailable", "The database cannot be reached right now");
            return Self { cause: Some(error.into()), ..problem };
        }
        Self::internal(error)
    }
}
