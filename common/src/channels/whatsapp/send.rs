//! Sends one message, and says what became of it.

use chrono::Utc;
use http::StatusCode;

use super::payloads::SendAnswer;
use super::{address, bodies, errors, told};
use crate::channels::{Action, ChannelError, Outgoing, SendOutcome, Sender};
use crate::http_client;

/// Most characters of the provider's id of a message.
const ID_LIMIT: usize = 255;

/// Sends one message.
///
/// Certain refusals are `Refused`; whatever may have been taken is `Uncertain`: no answer after the request was
/// written, a success that names no message, and a gateway's 502 or 504, which by RFC 9110 §15.6 say that a server behind it
/// was asked and its answer was bad or late. A 500 or 503 is the word of a server that did not do the work.
pub async fn send(http: &reqwest::Client, sender: &Sender, message: &Outgoing<'_>) -> SendOutcome {
    let Some(body) = bodies::body(message) else {
        let title = "This content cannot be sent on WhatsApp";
        return SendOutcome::Refused(ChannelError::new(Action::Content, "unsupported_content", title));
    };
    let url = address(&sender.base_url, &[&sender.external_id, "messages"]);
    let request = http.post(url).bearer_auth(sender.access_token.expose()).json(&body);
    match request.send().await {
        Ok(response) => outcome(response).await,
        Err(error) => not_answered(error),
    }
}

/// There is no answer. Until a connection stands nothing can have been taken; after that, nobody knows.
fn not_answered(error: reqwest::Error) -> SendOutcome {
    if error.is_builder() {
        let title = "The access token is invalid or expired";
        return SendOutcome::Refused(
            ChannelError::new(Action::Auth, "token_expired", title).detail(told(error)),
        );
    }
    if error.is_connect() {
        let title = "The provider cannot be reached";
        let refused = ChannelError::new(Action::Transient, "provider_unreachable", title);
        return SendOutcome::Refused(refused.detail(told(error)));
    }
    let what = if error.is_timeout() { "no answer in time" } else { "the connection broke" };
    SendOutcome::Uncertain { detail: format!("{what}: {}", told(error)) }
}

async fn outcome(response: reqwest::Response) -> SendOutcome {
    let (status, headers) = (response.status(), response.headers().clone());
    let read = http_client::read_limited(response).await;
    if status.is_success() {
        return match read {
            Ok(body) => accepted(status, &body),
            Err(error) => SendOutcome::Uncertain { detail: format!("HTTP {status}, then: {}", told(error)) },
        };
    }
    // The status line has come: that much of the answer counts even if the rest is lost.
    let (body, broken) = match read {
        Ok(body) => (body, None),
        Err(error) => (bytes::Bytes::new(), Some(told(error))),
    };
    let gateway = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
    if gateway && !errors::speaks_graph(&body) {
        return SendOutcome::Uncertain { detail: format!("HTTP {status} from a gateway") };
    }
    let mut error = errors::classify(status, &headers, &body, Utc::now());
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

fn accepted(status: StatusCode, body: &[u8]) -> SendOutcome {
    let answer = serde_json::from_slice::<SendAnswer>(body).ok();
    let sent = answer.and_then(|answer| answer.messages.into_iter().next());
    let valid = |id: &str| (1..=ID_LIMIT).contains(&id.chars().count()) && !id.chars().any(char::is_control);
    match sent {
        Some(sent) if valid(&sent.id) => SendOutcome::Accepted { provider_id: sent.id },
        _ => SendOutcome::Uncertain { detail: format!("HTTP {status} that names no message") },
    }
}
