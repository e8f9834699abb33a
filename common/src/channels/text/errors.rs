//! Makes a classified error of what the API answers, or says in a status.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::codes;
use super::payloads::ErrorBody;
use crate::channels::calls::{LONGEST_WAIT, bounded, retry_after};
use crate::channels::code_table::Entry;
use crate::channels::{Action, ChannelError};

/// Classifies an answer that is not a success. HTTP 429 always throttles; then the table of codes decides, then the status.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> ChannelError {
    let told = serde_json::from_slice::<ErrorBody>(body).ok();
    let mut error = match &told {
        Some(told) => from_code(told.code, told.message.as_deref(), Some(status)),
        None => without_code(status, body),
    };
    error.http_status = Some(status.as_u16());
    if let Some(wait) = retry_after(headers, now) {
        error.retry_after = Some(wait.min(LONGEST_WAIT));
    }
    error
}

/// Whether the API itself wrote this answer, and not something in front of it.
pub(super) fn speaks_api(body: &[u8]) -> bool {
    serde_json::from_slice::<ErrorBody>(body).is_ok()
}

/// Classifies a failed status's code and words.
pub fn of_status(code: Option<&str>, message: Option<&str>) -> ChannelError {
    match code.and_then(|code| code.trim().parse().ok()) {
        Some(code) => from_code(code, message, None),
        None => {
            let title = "The provider could not deliver the message";
            let error = ChannelError::new(Action::Recipient, "delivery_failed", title);
            ChannelError { detail: message.map(bounded).filter(|said| !said.is_empty()), ..error }
        }
    }
}

fn from_code(code: i64, message: Option<&str>, status: Option<StatusCode>) -> ChannelError {
    let known = codes::find(code);
    let action = match (status, known) {
        (Some(StatusCode::TOO_MANY_REQUESTS), known) => known
            .map(|entry| entry.action)
            .filter(|action| action.throttles())
            .unwrap_or(Action::ThrottleSender),
        (_, Some(entry)) => entry.action,
        (Some(status), None) => of_http(status),
        // The provider tried and failed for a reason that is not in the table.
        (None, None) => Action::Recipient,
    };
    let said = message.map(bounded).filter(|said| !said.is_empty());
    let mut error = match known {
        Some(entry) if entry.action == action => from_entry(entry),
        _ => general(action, said.as_deref()),
    };
    error.provider_code = Some(code.to_string());
    error.detail = said;
    error
}

fn of_http(status: StatusCode) -> Action {
    match status {
        StatusCode::TOO_MANY_REQUESTS => Action::ThrottleSender,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Action::Auth,
        StatusCode::REQUEST_TIMEOUT => Action::Transient,
        status if status.is_server_error() => Action::Transient,
        _ => Action::Content,
    }
}

fn from_entry(entry: &Entry) -> ChannelError {
    let retry_after = (entry.wait > 0).then(|| Duration::from_secs(entry.wait.into()));
    let error = ChannelError::new(entry.action, entry.code, entry.title);
    ChannelError { retry_after, most_tries: entry.most_tries, ..error }
}

/// The action in general words; `said` says more where the code is not listed.
fn general(action: Action, said: Option<&str>) -> ChannelError {
    let (code, title) = match action {
        Action::Transient => ("provider_error", "The provider has trouble"),
        Action::ThrottleSender => ("rate_limited", "The account sends too fast"),
        Action::Auth => ("token_expired", "The account's credentials are not taken"),
        Action::Account => ("provider_address", "Nothing at the provider's address speaks its protocol"),
        Action::Recipient => ("delivery_failed", "The provider could not deliver the message"),
        _ => {
            return ChannelError::new(
                action,
                "provider_refused",
                said.unwrap_or("The provider refused the message"),
            );
        }
    };
    ChannelError::new(action, code, title)
}

/// Something else answers: a gateway, or a wrong address.
fn without_code(status: StatusCode, body: &[u8]) -> ChannelError {
    let wrong_address = status.is_redirection()
        || matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE);
    let action = if wrong_address { Action::Account } else { of_http(status) };
    let text = bounded(&String::from_utf8_lossy(body));
    let error = general(action, None);
    if text.is_empty() { error } else { error.detail(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, body: &Value, headers: &[(&'static str, &str)]) -> ChannelError {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        classify(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), Utc::now())
    }

    fn coded(code: i64, status: u16) -> Value {
        json!({"code": code, "message": "no", "more_info": "https://www.twilio.com/docs/errors", "status": status})
    }

    #[test]
    fn answers_are_classified() {
        let html = json!("<html>Oops</html>");
        let cases = [
            (401, coded(20_003, 401), Action::Auth, "token_expired"),
            (404, coded(20_404, 404), Action::Auth, "account_missing"),
            (403, coded(999_999, 403), Action::Auth, "token_expired"),
            (429, coded(20_429, 429), Action::ThrottleSender, "rate_limited"),
            (429, coded(21_211, 429), Action::ThrottleSender, "rate_limited"),
            (429, html.clone(), Action::ThrottleSender, "rate_limited"),
            (400, coded(21_211, 400), Action::Recipient, "recipient_invalid"),
            (400, coded(21_610, 400), Action::OptOut, "recipient_stopped"),
            (400, coded(21_617, 400), Action::Content, "text_too_long"),
            (400, coded(999_999, 400), Action::Content, "provider_refused"),
            (500, coded(999_999, 500), Action::Transient, "provider_error"),
            (503, html.clone(), Action::Transient, "provider_error"),
            (408, json!(""), Action::Transient, "provider_error"),
            (404, html.clone(), Action::Account, "provider_address"),
            (307, json!(""), Action::Account, "provider_address"),
            (400, html, Action::Content, "provider_refused"),
        ];
        for (status, body, action, code) in cases {
            let error = answer(status, &body, &[]);
            assert_eq!((error.action, error.code), (action, code), "{status} {body}");
            assert_eq!(error.http_status, Some(status));
        }
        let waits = answer(429, &coded(20_429, 429), &[("retry-after", "3")]);
        assert_eq!(waits.retry_after, Some(Duration::from_secs(3)));
        let told = answer(400, &json!({"code": 21_211, "message": "bad\n\u{0}number"}), &[]);
        assert_eq!(
            (told.provider_code.as_deref(), told.detail.as_deref()),
            (Some("21211"), Some("bad  number"))
        );
    }

    #[test]
    fn a_failed_status_is_classified_by_its_code() {
        let cases = [
            (Some("30005"), Action::Recipient, "recipient_unknown"),
            (Some("30007"), Action::Recipient, "filtered"),
            (Some("21610"), Action::OptOut, "recipient_stopped"),
            (Some("39999"), Action::Recipient, "delivery_failed"),
            (Some("what"), Action::Recipient, "delivery_failed"),
            (None, Action::Recipient, "delivery_failed"),
        ];
        for (code, action, word) in cases {
            let error = of_status(code, Some("Said"));
            assert_eq!(
                (error.action, error.code, error.detail.as_deref()),
                (action, word, Some("Said")),
                "{code:?}"
            );
        }
    }
}
