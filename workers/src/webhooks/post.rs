//! One post to an endpoint: signed, bounded in time and size, and never elsewhere than the guard allows.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::Utc;
use common::config::Secret;
use common::crypto::{Sealer, Unsealable};
use common::db::event_log::{Entry, Head};
use common::db::webhook_deliveries::{Claim, Endpoint, Reply};
use common::db::webhooks;
use common::webhooks::guard::{Guard, is_refusal};
use common::webhooks::{schedule, signature};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use serde_json::json;

use crate::process::Context;

/// Most bytes read of an answer, and most characters of it kept.
const READ: usize = 16 << 10;
const KEPT: usize = 2_048;

/// Posts events; shared by all tasks of the process.
pub(super) struct Poster {
    guard: Guard,
    http: reqwest::Client,
    sealer: Sealer,
    timeout: Duration,
}

/// The event that a test tells.
pub(super) fn test_event(endpoint: &Endpoint, claim: &Claim) -> Entry {
    let payload = json!({ "webhook": { "id": endpoint.id } });
    Entry {
        head: Head {
            seq: 0,
            id: claim.event,
            kind: claim.kind.clone(),
            inbox: None,
            conversation: None,
            message: None,
            at: claim.created_at,
        },
        payload: serde_json::value::to_raw_value(&payload).unwrap_or_default(),
    }
}

fn failed(outcome: &'static str, error: impl Into<String>) -> Reply {
    let error = error.into().chars().filter(|character| *character != '\0').take(500).collect();
    Reply { outcome, error: Some(error), ..Reply::default() }
}

impl Poster {
    pub(super) fn new(context: &Context) -> anyhow::Result<Self> {
        let (webhooks, guard) = (&context.config.webhooks, Guard::new(&context.config.webhooks));
        let http = guard.client(webhooks.timeout)?;
        Ok(Self { guard, http, sealer: context.sealer.clone(), timeout: webhooks.timeout })
    }

    /// Longest time that a post takes.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Posts an event; how it went.
    pub(super) async fn post(&self, endpoint: &Endpoint, claim: &Claim, body: String) -> Reply {
        // An address of numbers is not looked up, so nobody but this asks whether it is allowed.
        let url = match self.guard.parse(&endpoint.url) {
            Ok(url) => url,
            Err(refused) => return failed("address_not_allowed", format!("the address {refused}")),
        };
        let headers = match self.headers(endpoint, claim, body.as_bytes()) {
            Ok(headers) => headers,
            Err(Unsealable) => return failed("secret_unreadable", Unsealable.to_string()),
        };
        let request = self.http.post(url).headers(headers).body(body);
        exchange(request).await.unwrap_or_else(|error| told(&error))
    }

    fn headers(&self, endpoint: &Endpoint, claim: &Claim, body: &[u8]) -> Result<HeaderMap, Unsealable> {
        let secrets = endpoint
            .secrets
            .iter()
            .map(|sealed| webhooks::open(&self.sealer, endpoint.id, sealed))
            .collect::<Result<Vec<Secret>, _>>()?;
        let mut headers = HeaderMap::new();
        if let Some(sealed) = &endpoint.headers {
            let opened = webhooks::open(&self.sealer, endpoint.id, sealed)?;
            let given: BTreeMap<String, String> = serde_json::from_str(opened.expose()).unwrap_or_default();
            headers.extend(given.into_iter().filter_map(|(name, value)| {
                let mut value = HeaderValue::try_from(value).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::try_from(name).ok()?, value))
            }));
        }
        let (id, now) = (claim.event.to_string(), Utc::now().timestamp());
        let signed = signature::standard(&secrets, &id, now, body);
        let ours =
            [("webhook-id", id), ("webhook-timestamp", now.to_string()), ("webhook-signature", signed)];
        let hex = endpoint.hex_signature_header.as_deref().zip(secrets.first());
        let hex = hex.map(|(name, secret)| (name, signature::hex(secret, body)));
        for (name, value) in ours.into_iter().chain(hex) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(headers)
    }
}

async fn exchange(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let pause = retry_after.and_then(|text| schedule::retry_after(text, Utc::now()));
    let outcome = match status {
        200..=299 => "delivered",
        410 => "gone",
        300..=399 => "redirect",
        _ => "refused",
    };
    // The status is the answer, whatever becomes of the rest.
    let response = Some(beginning(response).await);
    let pause = pause.filter(|_| outcome == "refused");
    Ok(Reply { outcome, status: Some(status), response, error: None, pause })
}

/// The beginning of the answer's body; the rest is not read.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < READ {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk[..chunk.len().min(READ - bytes.len())]),
            Ok(None) | Err(_) => break,
        }
    }
    // PostgreSQL holds every character but one.
    String::from_utf8_lossy(&bytes).chars().filter(|character| *character != '\0').take(KEPT).collect()
}

/// What went wrong, without the address.
fn told(error: &reqwest::Error) -> Reply {
    if is_refusal(error) {
        return failed("address_not_allowed", "the name leads to an address that is not allowed");
    }
    if error.is_timeout() {
        return failed("timeout", "there was no answer in time");
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let outcome = if error.is_connect() { "not_connected" } else { "broken_off" };
    failed(outcome, cause.to_string())
}
