//! Makes a classified error of what the Graph API answers, or says in a status.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde::Deserialize as _;
use serde_json::Value;

use super::codes;
use super::payloads::{ErrorBody, GraphError};
use crate::channels::calls::{LONGEST_WAIT, bounded, retry_after};
use crate::channels::code_table::Entry;
use crate::channels::{Action, ChannelError};

const USAGE_HEADER: &str = "x-business-use-case-usage";

/// Classifies an answer that is not a success.
///
/// HTTP 429 always throttles and `is_transient` always retries; then the table of codes decides, then the status.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> ChannelError {
    let graph = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
    let mut error = match &graph {
        Some(graph) => from_graph(graph, Some(status)),
        None => without_graph_error(status, body),
    };
    error.http_status = Some(status.as_u16());
    if let Some(wait) = asked_wait(headers, error.action, now) {
        error.retry_after = Some(wait);
    }
    error
}

/// Whether the Graph API itself wrote this answer, and not something in front of it.
pub(super) fn speaks_graph(body: &[u8]) -> bool {
    serde_json::from_slice::<ErrorBody>(body).is_ok()
}

/// Classifies the first of a failed status's `errors`.
pub fn of_status(errors: &Value) -> ChannelError {
    let first = errors.get(0).unwrap_or(&Value::Null);
    let graph = GraphError::deserialize(first).unwrap_or_default();
    if graph.code.is_none() && graph.title.is_none() && graph.message.is_none() {
        return ChannelError::new(
            Action::Recipient,
            "delivery_failed",
            "The provider could not deliver the message",
        );
    }
    from_graph(&graph, None)
}

fn from_graph(graph: &GraphError, status: Option<StatusCode>) -> ChannelError {
    let known = graph.code.and_then(|code| codes::find(code, graph.error_subcode));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::channels::calls::DETAIL_LIMIT;

    fn answer(status: u16, body: &Value, headers: &[(&'static str, &str)]) -> ChannelError {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let now = DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z").unwrap().to_utc();
        classify(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), now)
    }

    fn graph(code: i64) -> Value {
        json!({"error": {"message": format!("(#{code}) no"), "type": "OAuthException", "code": code}})
    }

    #[test]
    fn answers_are_classified() {
        let transient = json!({"error": {"code": 131_026, "is_transient": true}});
        let app_limit = json!({"error": {"code": 4, "error_subcode": 2_446_079, "is_transient": true}});
        let missing =
            json!({"error": {"code": 100, "error_subcode": 33, "message": "Unsupported post request."}});
        let html = json!("<html>Oops</html>");
        let cases = [
            (401, graph(190), Action::Auth, "token_expired"),
            (401, graph(0), Action::Auth, "token_expired"),
            (403, graph(299), Action::Auth, "permission_missing"),
            (400, graph(131_042), Action::Account, "payment_issue"),
            (400, graph(131_047), Action::Window, "window_closed"),
            (400, graph(131_050), Action::OptOut, "recipient_opted_out"),
            (404, graph(132_001), Action::Template, "template_missing"),
            (400, graph(131_056), Action::ThrottleRecipient, "pair_rate_limited"),
            (400, graph(130_429), Action::ThrottleSender, "rate_limited"),
            (400, missing, Action::Account, "number_missing"),
            (500, graph(131_026), Action::Recipient, "recipient_unreachable"),
            (400, transient, Action::Transient, "provider_error"),
            (400, app_limit, Action::ThrottleSender, "rate_limited"),
            (429, graph(131_056), Action::ThrottleRecipient, "pair_rate_limited"),
            (429, graph(131_026), Action::ThrottleSender, "rate_limited"),
            (429, html.clone(), Action::ThrottleSender, "rate_limited"),
            (400, graph(999_999), Action::Content, "provider_refused"),
            (500, graph(999_999), Action::Transient, "provider_error"),
            (500, html.clone(), Action::Transient, "provider_error"),
            (503, json!(""), Action::Transient, "provider_error"),
            (408, json!(""), Action::Transient, "provider_error"),
            (401, html.clone(), Action::Auth, "token_expired"),
            (404, html.clone(), Action::Account, "provider_address"),
            (302, json!(""), Action::Account, "provider_address"),
            (400, html, Action::Content, "provider_refused"),
            (400, json!({"error": {"code": "131047"}}), Action::Window, "window_closed"),
            (400, json!({"error": {"code": [], "message": 7}}), Action::Content, "provider_refused"),
        ];
        for (status, body, action, code) in cases {
            let error = answer(status, &body, &[]);
            assert_eq!((error.action, error.code), (action, code), "{status} {body}");
            assert_eq!(error.http_status, Some(status));
        }
    }

    #[test]
    fn what_the_provider_says_is_kept_in_one_bounded_line() {
        let body = json!({"error": {"message": "(#131009) no", "code": 131_009, "error_data": {"details": "bad\n\u{0}link"}}});
        let error = answer(400, &body, &[]);
        assert_eq!(
            (error.provider_code.as_deref(), error.detail.as_deref()),
            (Some("131009"), Some("bad  link"))
        );
        assert_eq!(answer(400, &graph(999_999), &[]).title, "(#999999) no");
        assert_eq!(answer(500, &json!("é".repeat(5000)), &[]).detail.unwrap().chars().count(), DETAIL_LIMIT);
        assert_eq!(answer(500, &json!(""), &[]).detail, None);
    }

    type Case<'a> = (i64, &'a [(&'static str, &'a str)], Option<u64>);

    #[test]
    fn the_provider_s_wait_replaces_the_known_one() {
        let usage = r#"{"1":[{"type":"whatsapp","estimated_time_to_regain_access":2}],"2":[{"estimated_time_to_regain_access":1}]}"#;
        let day = LONGEST_WAIT.as_secs();
        let cases: &[Case] = &[
            (130_429, &[], None),
            (131_057, &[], Some(60)),
            (131_057, &[("retry-after", "3")], Some(3)),
            (130_429, &[("retry-after", " 3 ")], Some(3)),
            (130_429, &[("retry-after", "Sat, 21 Nov 2026 04:00:09 GMT")], Some(9)),
            (130_429, &[("retry-after", "Sat, 21 Nov 2026 03:00:00 GMT")], Some(0)),
            (130_429, &[("retry-after", "soon")], None),
            (130_429, &[("retry-after", "-5")], None),
            (130_429, &[("retry-after", "1e300")], Some(day)),
            (130_429, &[("retry-after", "nan")], None),
            (4, &[(USAGE_HEADER, usage)], Some(120)),
            (4, &[(USAGE_HEADER, usage), ("retry-after", "300")], Some(300)),
            (2, &[(USAGE_HEADER, usage)], None),
            (4, &[(USAGE_HEADER, "{")], None),
            (
                4,
                &[(USAGE_HEADER, r#"{"1":[{"estimated_time_to_regain_access":18446744073709551615}]}"#)],
                Some(day),
            ),
        ];
        for (code, headers, seconds) in cases {
            assert_eq!(
                answer(400, &graph(*code), headers).retry_after.map(|w| w.as_secs()),
                *seconds,
                "{code} {headers:?}"
            );
        }
    }

    #[test]
    fn a_failed_status_is_classified_by_its_first_error() {
        let cases = [
            (
                json!([{"code": 131_049, "title": "x"}, {"code": 1}]),
                Action::Recipient,
                "recipient_limit_reached",
            ),
            (json!([{"code": 555, "title": "Strange"}]), Action::Content, "provider_refused"),
            (json!([]), Action::Recipient, "delivery_failed"),
            (json!(null), Action::Recipient, "delivery_failed"),
            (json!(["x"]), Action::Recipient, "delivery_failed"),
        ];
        for (errors, action, code) in cases {
            let error = of_status(&errors);
            assert_eq!((error.action, error.code), (action, code), "{errors}");
        }
    }
}
