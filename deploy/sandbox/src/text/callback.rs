//! Tells the business: how a text fares, and what a contact writes. Posted once, and again only as the address's fragment asks.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use url::form_urlencoded;

use super::account::Account;
use super::error::words;
use super::message::{Message, mint};
use super::sign::text_signature;
use crate::clock::Micros;
use crate::sandbox::Sandbox;

/// Longest wait for an answer.
const LONGEST: Duration = Duration::from_secs(15);
/// Most repeats that a fragment can ask for.
const MOST_REPEATS: u32 = 5;

/// A status that is told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// When.
    pub due: Micros,
    /// The provider's word.
    pub status: &'static str,
    /// Why it failed.
    pub code: Option<u32>,
    /// Without the query by which the business knows the message.
    pub bare: bool,
}

/// Moves a message on, and tells it where it is to be told.
pub(super) async fn status(sandbox: &Arc<Sandbox>, account: &Account, message: &Arc<Message>, told: &Told) {
    if !reach(sandbox, message, told) {
        return;
    }
    let Some(url) = message.callback.as_deref().and_then(|url| Url::parse(url).ok()) else { return };
    let mut url = url;
    if told.bare {
        url.set_query(None);
    }
    let mut form = vec![
        ("MessageSid", message.sid.to_string()),
        ("SmsSid", message.sid.to_string()),
        ("MessageStatus", told.status.to_owned()),
        ("SmsStatus", told.status.to_owned()),
        ("To", message.to.to_string()),
        ("From", message.from.to_string()),
        ("AccountSid", message.account.to_string()),
        ("ApiVersion", super::message::VERSION.to_owned()),
    ];
    if let Some(service) = &message.service {
        form.push(("MessagingServiceSid", service.to_string()));
    }
    if let Some(code) = told.code {
        form.push(("ErrorCode", code.to_string()));
        form.push(("ErrorMessage", words(code).to_owned()));
    }
    post(sandbox, account, url, form).await;
}

/// Whether a message is still to be told of; what was canceled or forgotten is not.
fn reach(sandbox: &Sandbox, message: &Message, told: &Told) -> bool {
    let mut state = message.state.lock();
    if state.status == "canceled" {
        return false;
    }
    // What was told later may have happened earlier.
    if !matches!(state.status, "delivered" | "undelivered" | "failed") {
        state.status = told.status;
        state.error = told.code;
        state.updated = sandbox.clock.now();
        sandbox.changes.tell();
    }
    true
}

/// Posts a form; says whether it was taken.
pub(super) async fn post(
    sandbox: &Sandbox,
    account: &Account,
    mut url: Url,
    form: Vec<(&str, String)>,
) -> bool {
    let overrides = url.fragment().unwrap_or_default().to_owned();
    // The fragment is never sent, and no part of what is signed.
    url.set_fragment(None);
    let form: Vec<(String, String)> =
        form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let signature = text_signature(&account.config().auth_token, url.as_str(), &form);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let token = mint("");
    let retry = sandbox.behaviour.get().webhook_retry.clone();
    let (repeats, policy) = asked(&overrides);
    for attempt in 0..=repeats {
        if attempt > 0 {
            let pause = retry.initial_ms.saturating_mul(1 << attempt.min(20)).min(retry.max_ms);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let sent = sandbox
            .webhooks
            .client
            .post(url.clone())
            .timeout(LONGEST)
            .header(USER_AGENT, "TwilioProxy/1.1")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
            .header("X-Twilio-Signature", &signature)
            .header("I-Twilio-Idempotency-Token", &token)
            .body(body.clone());
        let outcome = sent.send().await;
        let again = match &outcome {
            Ok(response) if response.status().is_success() => return true,
            Ok(response) if response.status().is_server_error() => "5xx",
            Ok(_) => "4xx",
            Err(error) if error.is_connect() => "ct",
            Err(_) => "rt",
        };
        tracing::debug!(attempt, again, "a text's webhook was not taken");
        if !policy.iter().any(|asked| asked == again || asked == "all") {
            return false;
        }
    }
    false
}

/// How often, and after what, a fragment asks for repeats.
fn asked(fragment: &str) -> (u32, Vec<String>) {
    let (mut repeats, mut policy) = (0, vec!["ct".to_owned()]);
    for (name, value) in form_urlencoded::parse(fragment.as_bytes()) {
        match &*name {
            "rc" => repeats = value.parse().unwrap_or(0).min(MOST_REPEATS),
            "rp" => policy = value.split(',').map(str::to_owned).collect(),
            _ => (),
        }
    }
    (repeats, policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fragment_asks_for_repeats() {
        assert_eq!(asked("").0, 0);
        assert_eq!(asked("rc=3&rp=5xx,rt"), (3, vec!["5xx".to_owned(), "rt".to_owned()]));
        assert_eq!(asked("rc=99").0, 5);
    }
}
