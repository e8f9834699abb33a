//! Tells the business: one event in a POST, signed, repeated with growing pauses until it is answered with 200.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use serde_json::{Value, json};
use sha2::Sha512;

use super::agent::Agent;
use crate::sandbox::Sandbox;

/// The value of `X-Goog-Signature` for an event's bytes.
pub fn rcs_signature(client_token: &str, event: &[u8]) -> String {
    // HMAC takes keys of any length, so there is no failure to report.
    let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(client_token.as_bytes()) else { return String::new() };
    mac.update(event);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Posts an event until it is taken; what nobody is told of is dropped.
pub(super) async fn post(sandbox: &Arc<Sandbox>, agent: &Agent, event: &Value) {
    let config = agent.config();
    let Some(url) = config.webhook_url.as_deref().and_then(|url| reqwest::Url::parse(url).ok()) else {
        return;
    };
    let bytes = event.to_string().into_bytes();
    let kind = if event.get("eventType").is_some() { "event" } else { "message" };
    let mut attributes = json!({
        "business_id": config.agent_id, "product": "RBM", "type": kind, "project_number": "1234567890",
    });
    if let Some(word) = event.get("eventType") {
        attributes["event_type"] = word.clone();
    }
    let (number, at) = (sandbox.next_sequence().to_string(), sandbox.clock.rfc3339(sandbox.clock.now()));
    let body = json!({
        "message": {
            "attributes": attributes, "data": STANDARD.encode(&bytes),
            "messageId": number, "message_id": number, "publishTime": at, "publish_time": at,
        },
        "subscription": "projects/sandbox/subscriptions/rbm-sub",
    });
    let signature = rcs_signature(&config.client_token, &bytes);
    let retry = sandbox.behaviour.get().webhook_retry.clone();
    let mut pause = retry.initial_ms;
    loop {
        let sent = sandbox
            .webhooks
            .client
            .post(url.clone())
            .timeout(Duration::from_millis(retry.timeout_ms))
            .header(USER_AGENT, "Google-RBM")
            .header(CONTENT_TYPE, "application/json")
            .header("X-Goog-Signature", &signature)
            .body(body.to_string());
        match sent.send().await {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => tracing::debug!(status = %response.status(), "an RCS event was not taken"),
            Err(error) => tracing::debug!(%error, "an RCS event was not taken"),
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pause = pause.saturating_mul(2).min(retry.max_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector_matches() {
        let event = br#"{"senderPhoneNumber":"+12223334444","messageId":"m1","agentId":"a1","text":"Hi"}"#;
        assert_eq!(
            rcs_signature("client_token_123", event),
            "UJSzxTvWa9zXHsmZswv1fLzR67o87VB+3IaMpKHnmCylxJhpCHg8q2Ckg1KYvvyd7C2CgULj0dFuxX99xWrCaA=="
        );
    }
}
