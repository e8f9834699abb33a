//! Makes a classified error of what the API answers, or says in an event. Its errors have words, not numbers.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::payloads::ErrorBody;
use crate::channels::calls::{LONGEST_WAIT, bounded, retry_after};
use crate::channels::{Action, ChannelError};

/// The code of a contact that RCS does not reach.
pub const NOT_REACHED: &str = "recipient_not_on_rcs";

/// What each of the provider's words means.
const WORDS: &[(&str, Action, &str, &str)] = &[
    ("NOT_FOUND", Action::Recipient, NOT_REACHED, "The contact cannot be reached by RCS"),
    (
        "INVALID_ARGUMENT",
        Action::Content,
        "provider_refused",
        "The provider or the contact's phone does not take this",
    ),
    ("FAILED_PRECONDITION", Action::Content, "provider_refused", "The provider does not take this now"),
    ("PERMISSION_DENIED", Action::Account, "agent_not_allowed", "The agent may not write to this contact"),
    ("UNAUTHENTICATED", Action::Auth, "token_expired", "The service account is not taken"),
    ("RESOURCE_EXHAUSTED", Action::ThrottleSender, "rate_limited", "The agent sends too fast"),
    ("INTERNAL", Action::Transient, "provider_error", "The provider has trouble"),
    ("UNKNOWN", Action::Transient, "provider_error", "The provider has trouble"),
    ("ABORTED", Action::Transient, "provider_error", "The provider has trouble"),
    ("CANCELLED", Action::Transient, "provider_error", "The provider has trouble"),
    ("UNAVAILABLE", Action::Transient, "provider_error", "The provider has trouble"),
    ("DEADLINE_EXCEEDED", Action::Transient, "provider_error", "The provider has trouble"),
];

/// Classifies an answer that is not a success. HTTP 429 always throttles; then the provider's word decides, then the status.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> ChannelError {
    let told = serde_json::from_slice::<ErrorBody>(body).ok().map(|told| told.error);
    let word = told.as_ref().map(|told| told.status.as_str());
    let known = WORDS.iter().find(|(known, ..)| Some(*known) == word);
    let mut error = match known {
        _ if status == StatusCode::TOO_MANY_REQUESTS => general(status, true),
        Some((_, action, code, title)) => ChannelError::new(*action, code, *title),
        None => general(status, word.is_some()),
    };
    let said = match &told {
        Some(told) => told.message.as_deref().map(bounded),
        None => Some(bounded(&String::from_utf8_lossy(body))),
    };
    error.detail = said.filter(|said| !said.is_empty());
    error.provider_code = word.map(|word| bounded(word).chars().take(64).collect());
    error.http_status = Some(status.as_u16());
    error.retry_after = retry_after(headers, now).map(|wait| wait.min(LONGEST_WAIT));
    error
}

/// Whether the API itself wrote this answer, and not something in front of it.
pub(super) fn speaks_api(body: &[u8]) -> bool {
    serde_json::from_slice::<ErrorBody>(body).is_ok()
}

/// A status in general words; what the provider itself did not write is of something else at its address.
fn general(status: StatusCode, spoken: bool) -> ChannelError {
    let (action, code, title) = match status {
        StatusCode::TOO_MANY_REQUESTS => (Action::ThrottleSender, "rate_limited", "The agent sends too fast"),
        StatusCode::UNAUTHORIZED => (Action::Auth, "token_expired", "The service account is not taken"),
        StatusCode::FORBIDDEN => (Action::Account, "agent_not_allowed", "The agent may not do this"),
        StatusCode::REQUEST_TIMEOUT => (Action::Transient, "provider_error", "The provider has trouble"),
        status if status.is_server_error() => {
            (Action::Transient, "provider_error", "The provider has trouble")
        }
        _ if spoken => (Action::Content, "provider_refused", "The provider refused the message"),
        status
            if status.is_redirection()
                || matches!(
                    status,
                    StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE
                ) =>
        {
            (Action::Account, "provider_address", "Nothing at the provider's address speaks its protocol")
        }
        _ => (Action::Content, "provider_refused", "The provider refused the message"),
    };
    ChannelError::new(action, code, title)
}

/// Why a message that was called back has failed.
pub(super) fn called_back() -> ChannelError {
    let title = "The message did not reach the contact in time, and was called back";
    ChannelError::new(Action::Recipient, "not_delivered_in_time", title)
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

    fn refusal(code: u16, status: &str) -> Value {
        json!({ "error": { "code": code, "message": "No\nway", "status": status, "details": [] } })
    }

    #[test]
    fn every_word_of_the_provider_has_its_class() {
        let cases = [
            (404, "NOT_FOUND", Action::Recipient, "recipient_not_on_rcs"),
            (400, "INVALID_ARGUMENT", Action::Content, "provider_refused"),
            (400, "FAILED_PRECONDITION", Action::Content, "provider_refused"),
            (403, "PERMISSION_DENIED", Action::Account, "agent_not_allowed"),
            (401, "UNAUTHENTICATED", Action::Auth, "token_expired"),
            (429, "RESOURCE_EXHAUSTED", Action::ThrottleSender, "rate_limited"),
            (429, "INTERNAL", Action::ThrottleSender, "rate_limited"),
            (500, "INTERNAL", Action::Transient, "provider_error"),
            (500, "UNKNOWN", Action::Transient, "provider_error"),
            (409, "ABORTED", Action::Transient, "provider_error"),
            (499, "CANCELLED", Action::Transient, "provider_error"),
            (503, "UNAVAILABLE", Action::Transient, "provider_error"),
            (504, "DEADLINE_EXCEEDED", Action::Transient, "provider_error"),
            (400, "SOMETHING_NEW", Action::Content, "provider_refused"),
            (404, "SOMETHING_NEW", Action::Content, "provider_refused"),
            (503, "SOMETHING_NEW", Action::Transient, "provider_error"),
        ];
        for (status, word, action, code) in cases {
            let error = answer(status, &refusal(status, word), &[]);
            assert_eq!((error.action, error.code), (action, code), "{status} {word}");
            assert_eq!((error.http_status, error.provider_code.as_deref()), (Some(status), Some(word)));
            assert_eq!(error.detail.as_deref(), Some("No way"));
        }
        for (word, ..) in WORDS {
            assert!(cases.iter().any(|(_, tried, ..)| tried == word), "{word}");
        }
        let waits = answer(429, &refusal(429, "RESOURCE_EXHAUSTED"), &[("retry-after", "3")]);
        assert_eq!(waits.retry_after, Some(std::time::Duration::from_secs(3)));
    }

    #[test]
    fn what_the_provider_did_not_write_is_classified_by_its_status() {
        let html = json!("<html>Oops</html>");
        for (status, action, code) in [
            (404, Action::Account, "provider_address"),
            (301, Action::Account, "provider_address"),
            (401, Action::Auth, "token_expired"),
            (403, Action::Account, "agent_not_allowed"),
            (408, Action::Transient, "provider_error"),
            (429, Action::ThrottleSender, "rate_limited"),
            (500, Action::Transient, "provider_error"),
            (400, Action::Content, "provider_refused"),
        ] {
            let error = answer(status, &html, &[]);
            assert_eq!((error.action, error.code), (action, code), "{status}");
        }
    }
}
