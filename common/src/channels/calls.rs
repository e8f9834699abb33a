//! What calls to any provider have in common: addresses, transport errors in words, waits that answers ask for, and what
//! became of a message that was posted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use url::Url;

use super::{Action, ChannelError, SendOutcome, usage};
use crate::http_client;

/// Longest wait that an answer may ask for.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// Most characters kept of what a provider says.
pub(super) const DETAIL_LIMIT: usize = 1000;
/// Most characters of a provider's id of a message.
const ID_LIMIT: usize = 255;

/// How a provider speaks.
pub(super) struct Protocol {
    /// Classifies an answer that is not a success.
    pub classify: fn(StatusCode, &HeaderMap, &[u8], DateTime<Utc>) -> ChannelError,
    /// Whether the provider itself wrote an answer, and not something in front of it.
    pub speaks: fn(&[u8]) -> bool,
    /// The provider's id of a message that it took.
    pub accepted: fn(&[u8]) -> Option<String>,
}

/// The address of `path` under a base address; every part becomes one segment.
pub(super) fn address(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// Whether a host is one of these domains or within one.
pub(super) fn host_is_of(host: &str, domains: &[&str]) -> bool {
    let within =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    domains.iter().any(within)
}

/// A transport error with its causes in one line; its address is left out, which may hold what is not for logs.
pub(super) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

/// One line, shortened, without what PostgreSQL or a log cannot hold.
pub(super) fn bounded(text: &str) -> String {
    let line: String =
        text.chars().take(DETAIL_LIMIT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// The wait of `Retry-After`: seconds, or an HTTP date.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(date.signed_duration_since(now).to_std().unwrap_or(Duration::ZERO))
}

/// A look-up changes nothing, so whatever broke may be tried again.
pub(super) fn not_asked(error: reqwest::Error) -> ChannelError {
    if error.is_builder() {
        return unusable_token(error);
    }
    let title = "The provider cannot be reached";
    ChannelError::new(Action::Transient, "provider_unreachable", title).detail(told(error))
}

fn unusable_token(error: reqwest::Error) -> ChannelError {
    let title = "The access token is invalid or expired";
    ChannelError::new(Action::Auth, "token_expired", title).detail(told(error))
}

/// Asks a question that changes nothing, and reads the answer.
pub(super) async fn ask<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    protocol: &Protocol,
) -> Result<T, ChannelError> {
    let response = request.send().await.map_err(not_asked)?;
    let (status, headers) = (response.status(), response.headers().clone());
    usage::hear(&headers);
    let body = http_client::read_limited(response).await.map_err(not_asked)?;
    if !status.is_success() {
        return Err((protocol.classify)(status, &headers, &body, Utc::now()));
    }
    serde_json::from_slice(&body).map_err(|error| {
        let title = "The provider's answer cannot be read";
        let unreadable =
            ChannelError::new(Action::Transient, "answer_unreadable", title).detail(error.to_string());
        ChannelError { http_status: Some(status.as_u16()), ..unreadable }
    })
}

/// Posts one message, and says what became of it.
///
/// Certain refusals are `Refused`; whatever may have been taken is `Uncertain`: no answer after the request was
/// written, a success that names no message, and a gateway's 502 or 504, which by RFC 9110 §15.6 say that a server behind it
/// was asked and its answer was bad or late. A 500 or 503 is the word of a server that did not do the work.
pub(super) async fn post(request: reqwest::RequestBuilder, protocol: &Protocol) -> SendOutcome {
    match request.send().await {
        Ok(response) => outcome(response, protocol).await,
        Err(error) => not_answered(error),
    }
}

/// There is no answer. Until a connection stands nothing can have been taken; after that, nobody knows.
fn not_answered(error: reqwest::Error) -> SendOutcome {
    if error.is_builder() {
        return SendOutcome::Refused(unusable_token(error));
    }
    if error.is_connect() {
        return SendOutcome::Refused(not_asked(error));
    }
    let what = if error.is_timeout() { "no answer in time" } else { "the connection broke" };
    SendOutcome::Uncertain { detail: format!("{what}: {}", told(error)) }
}

async fn outcome(response: reqwest::Response, protocol: &Protocol) -> SendOutcome {
    let (status, headers) = (response.status(), response.headers().clone());
    usage::hear(&headers);
    let read = http_client::read_limited(response).await;
    if status.is_success() {
        return match read {
            Ok(body) => accepted(status, (protocol.accepted)(&body)),
            Err(error) => SendOutcome::Uncertain { detail: format!("HTTP {status}, then: {}", told(error)) },
        };
    }
    // The status line has come: that much of the answer counts even if the rest is lost.
    let (body, broken) = match read {
        Ok(body) => (body, None),
        Err(error) => (bytes::Bytes::new(), Some(told(error))),
    };
    let gateway = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
    if gateway && !(protocol.speaks)(&body) {
        return SendOutcome::Uncertain { detail: format!("HTTP {status} from a gateway") };
    }
    let mut error = (protocol.classify)(status, &headers, &body, Utc::now());
    if let Some(broken) = broken {
        error = ChannelError { detail: Some(broken), ..unread(error) };
    }
    SendOutcome::Refused(error)
}

/// A refusal whose reason did not arrive: the next answer will tell it.
fn unread(error: ChannelError) -> ChannelError {
    if error.action.keeps_message() {
        return error;
    }
    let title = "The provider's answer broke off";
    let unread = ChannelError::new(Action::Transient, "answer_unreadable", title);
    ChannelError { retry_after: error.retry_after, http_status: error.http_status, ..unread }
}

fn accepted(status: StatusCode, provider_id: Option<String>) -> SendOutcome {
    let valid =
        |id: &String| (1..=ID_LIMIT).contains(&id.chars().count()) && !id.chars().any(char::is_control);
    match provider_id.filter(valid) {
        Some(provider_id) => SendOutcome::Accepted { provider_id },
        None => SendOutcome::Uncertain { detail: format!("HTTP {status} that names no message") },
    }
}
