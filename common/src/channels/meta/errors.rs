//! Makes a classified error of what the Graph API answers, or says in a status.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::payloads::{ErrorBody, GraphError};
use crate::channels::calls::{LONGEST_WAIT, bounded, retry_after};
use crate::channels::code_table::Entry;
use crate::channels::{Action, ChannelError};

/// What a channel's table knows of a code and its subcode.
pub(in crate::channels) type Find = fn(i64, Option<i64>) -> Option<&'static Entry>;

pub(in crate::channels) const USAGE_HEADER: &str = "x-business-use-case-usage";

/// Classifies an answer that is not a success.
///
/// HTTP 429 always throttles and `is_transient` always retries; then the table of codes decides, then the status.
pub(in crate::channels) fn classify(
    find: Find,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> ChannelError {
    let graph = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
    let mut error = match &graph {
        Some(graph) => from_graph(find, graph, Some(status)),
        None => without_graph_error(status, body),
    };
    error.http_status = Some(status.as_u16());
    if let Some(wait) = asked_wait(headers, error.action, now) {
        error.retry_after = Some(wait);
    }
    error
}

/// Whether the Graph API itself wrote this answer, and not something in front of it.
pub(in crate::channels) fn speaks_graph(body: &[u8]) -> bool {
    serde_json::from_slice::<ErrorBody>(body).is_ok()
}

pub(in crate::channels) fn from_graph(
    find: Find,
    graph: &GraphError,
    status: Option<StatusCode>,
) -> ChannelError {
    let known = graph.code.and_then(|code| find(code, graph.error_subcode));
    let action = action_of(graph, known, status);
    let mut error = match known {
        Some(entry) if entry.action == action => from_entry(entry),
        _ => fallback(action, graph.title.clone().or_else(|| graph.message.clone())),
    };
    error.provider_code = graph.code.map(|code| code.to_string());
    error.detail = said(graph).map(|text| bounded(&text));
    error
}

fn action_of(graph: &GraphError, known: Option<&Entry>, status: Option<StatusCode>) -> Action {
    let listed = known.map(|entry| entry.action);
    if status == Some(StatusCode::TOO_MANY_REQUESTS) {
        return listed.filter(|action| action.throttles()).unwrap_or(Action::ThrottleSender);
    }
    if graph.is_transient == Value::Bool(true) {
        return listed.filter(|action| action.throttles()).unwrap_or(Action::Transient);
    }
    listed.unwrap_or_else(|| action_of_status(status))
}

/// For codes that are not listed, and for answers without a code.
fn action_of_status(status: Option<StatusCode>) -> Action {
    match status {
        Some(status) if status.is_server_error() => Action::Transient,
        Some(StatusCode::REQUEST_TIMEOUT) => Action::Transient,
        Some(StatusCode::TOO_MANY_REQUESTS) => Action::ThrottleSender,
        Some(StatusCode::UNAUTHORIZED) => Action::Auth,
        _ => Action::Content,
    }
}

fn from_entry(entry: &Entry) -> ChannelError {
    let retry_after = (entry.wait > 0).then(|| Duration::from_secs(entry.wait.into()));
    let error = ChannelError::new(entry.action, entry.code, entry.title);
    ChannelError { retry_after, most_tries: entry.most_tries, ..error }
}

/// The action in general words; `said` is the provider's title, which says more where the code is not listed.
fn fallback(action: Action, said: Option<String>) -> ChannelError {
    let (code, title) = match action {
        Action::Transient => ("provider_error", "The provider has trouble"),
        Action::ThrottleSender => ("rate_limited", "The account sends too fast"),
        Action::Auth => ("token_expired", "The access token is invalid or expired"),
        Action::Account => ("provider_address", "Nothing at the provider's address speaks its protocol"),
        _ => ("provider_refused", "The provider refused the message"),
    };
    let title =
        said.filter(|_| code == "provider_refused").map_or_else(|| title.to_owned(), |said| bounded(&said));
    ChannelError::new(action, code, title)
}

/// Something else answers: a gateway, or a wrong address.
fn without_graph_error(status: StatusCode, body: &[u8]) -> ChannelError {
    let wrong_address = status.is_redirection()
        || matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE);
    let action = if wrong_address { Action::Account } else { action_of_status(Some(status)) };
    let text = bounded(&String::from_utf8_lossy(body));
    let error = fallback(action, None);
    if text.is_empty() { error } else { error.detail(text) }
}

/// The most telling of the texts that the provider gives.
fn said(graph: &GraphError) -> Option<String> {
    let details = graph.error_data.get("details").and_then(Value::as_str).filter(|text| !text.is_empty());
    details
        .map(str::to_owned)
        .or_else(|| graph.error_user_msg.clone())
        .or_else(|| graph.message.clone())
        .or_else(|| graph.title.clone())
}

/// `Retry-After`, and for throttles also the usage header's time to regain access, whichever is longer.
fn asked_wait(headers: &HeaderMap, action: Action, now: DateTime<Utc>) -> Option<Duration> {
    let regain = if action.throttles() { regain(headers) } else { None };
    retry_after(headers, now).max(regain).map(|wait| wait.min(LONGEST_WAIT))
}

/// The longest `estimated_time_to_regain_access`, which is in minutes.
fn regain(headers: &HeaderMap) -> Option<Duration> {
    let usage: Value = serde_json::from_slice(headers.get(USAGE_HEADER)?.as_bytes()).ok()?;
    let entries = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = entries.filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}
