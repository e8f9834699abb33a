//! Links in messages: fetched after the message was accepted, as the provider does, from this machine only.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Url;
use serde_json::Value;

use super::accept;
use crate::account::Phone;
use crate::faults::StatusFault;
use crate::media;
use crate::message::Accepted;
use crate::sandbox::Sandbox;

/// Longest fetch.
const LONGEST: Duration = Duration::from_secs(20);
/// The code of a file that could not be had.
const NOT_FETCHED: u32 = 131_053;

/// A file to be fetched.
#[derive(Debug)]
pub(super) struct Linked {
    kind: String,
    url: Url,
}

/// The link of a message, if it has one to this machine.
pub(super) fn of(body: &[u8]) -> Option<Linked> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let kind = body["type"].as_str()?;
    let (kind, object) = match kind {
        "image" | "video" | "audio" | "document" | "sticker" => (kind, &body[kind]),
        "interactive" => {
            let header = &body["interactive"]["header"];
            let kind = header["type"].as_str()?;
            (kind, &header[kind])
        }
        _ => return None,
    };
    let url = Url::parse(object["link"].as_str()?).ok()?;
    let loopback = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    loopback.then(|| Linked { kind: kind.to_owned(), url })
}

/// Fetches the file, then tells how the message fares: like any other, or that its file could not be had.
pub(super) fn fetch_and_tell(
    sandbox: &Arc<Sandbox>,
    phone: &Arc<Phone>,
    accepted: &Arc<Accepted>,
    linked: Linked,
    fault: Option<StatusFault>,
) {
    let (sandbox, phone, accepted) = (sandbox.clone(), phone.clone(), accepted.clone());
    sandbox.webhooks.clone().spawn(async move {
        let fetched = tokio::time::timeout(LONGEST, fetch(&sandbox, &linked)).await;
        let stored = match fetched {
            Ok(Ok((mime_type, bytes))) => sandbox.media.put(&phone.account.waba_id, &mime_type, bytes),
            Ok(Err(reason)) => {
                tracing::info!(reason, "a linked file could not be had");
                None
            }
            Err(_elapsed) => None,
        };
        let fault = match stored {
            Some(medium) => {
                let _first = accepted.fetched.set(medium);
                fault
            }
            None => Some(StatusFault { fail_code: Some(NOT_FETCHED), ..StatusFault::default() }),
        };
        accept::tell(&sandbox, &phone, &accepted, false, fault.as_ref());
    });
}

async fn fetch(sandbox: &Sandbox, linked: &Linked) -> Result<(String, Bytes), String> {
    let sent = sandbox.webhooks.client.get(linked.url.clone()).send().await;
    let mut response = sent.map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("HTTP {}", response.status()));
    }
    let told = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let mime_type = media::bare_mime_type(told.unwrap_or_default());
    let (largest, kinds) = media::rule(&mime_type).unwrap_or((100 << 20, &["document"]));
    if !kinds.contains(&linked.kind.as_str()) {
        return Err(format!("{mime_type} cannot be sent as {}", linked.kind));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > largest {
            return Err(format!("larger than {largest} bytes"));
        }
    }
    if let Some(largest) = media::largest(&mime_type, &bytes).filter(|largest| bytes.len() > *largest) {
        return Err(format!("larger than {largest} bytes"));
    }
    Ok((mime_type, bytes.freeze()))
}
