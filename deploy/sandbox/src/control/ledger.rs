//! `/ledger`: everything the sandbox accepted, in order.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::ControlError;
use crate::address;
use crate::ledger::{self, Filter};
use crate::sandbox::Sandbox;

const DEFAULT_LIMIT: usize = 1_000;
const LARGEST_LIMIT: usize = 10_000;

/// Which entries to read.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    after: u64,
    /// Only so many of the latest, in place of `after`.
    newest: Option<u64>,
    sender: Option<String>,
    recipient: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Page<'a> {
    entries: Vec<Entry<'a>>,
    next: u64,
    dropped: u64,
}

#[derive(Serialize)]
struct Entry<'a> {
    n: u64,
    channel: &'static str,
    sender: &'a str,
    recipient: &'a str,
    #[serde(rename = "providerId")]
    provider_id: &'a str,
    correlation: Option<&'a str>,
    body: &'a RawValue,
    at: String,
    /// The linked file, once it has been fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Value>,
}

/// Reads entries in order of acceptance.
pub async fn read_ledger(
    State(sandbox): State<Arc<Sandbox>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ControlError> {
    let filter = Filter {
        after: wanted.newest.map_or(wanted.after, |most| sandbox.ledger.last().saturating_sub(most)),
        sender: wanted.sender,
        recipient: wanted.recipient.map(|given| address::normalise(&given).unwrap_or(given)),
        limit: wanted.limit.unwrap_or(DEFAULT_LIMIT).min(LARGEST_LIMIT),
    };
    // A long page takes milliseconds: not on a thread that serves others.
    let body = tokio::task::spawn_blocking(move || page(&sandbox, &filter)).await;
    let body = body.map_err(|error| ControlError::invalid(error.to_string()))?;
    let body = body.map_err(|error| ControlError::invalid(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

fn page(sandbox: &Sandbox, filter: &Filter) -> serde_json::Result<Vec<u8>> {
    let (found, next) = sandbox.ledger.read(filter);
    let entries =
        found.iter().map(|message| entry(sandbox, message)).collect::<serde_json::Result<Vec<_>>>()?;
    serde_json::to_vec(&Page { entries, next, dropped: sandbox.ledger.dropped() })
}

fn entry<'a>(sandbox: &Sandbox, found: &'a ledger::Entry) -> serde_json::Result<Entry<'a>> {
    let (channel, provider_id, body, at, media) = match found {
        ledger::Entry::Whatsapp(it) => {
            ("whatsapp", &it.provider_id, &it.body, it.at, it.fetched.get().cloned())
        }
        ledger::Entry::Page(it) => (it.platform.name(), &it.mid, &it.raw, it.at, it.fetched.get().cloned()),
        ledger::Entry::Text(it) => ("text", &it.sid, &it.form, it.at, it.state.lock().files.first().cloned()),
        ledger::Entry::Rcs(it) => ("rcs", &it.id, &it.body, it.at, None),
    };
    Ok(Entry {
        n: found.n(),
        channel,
        sender: found.sender(),
        recipient: found.recipient(),
        provider_id,
        correlation: found.correlation(),
        body: serde_json::from_slice(body)?,
        at: sandbox.clock.rfc3339(at),
        media: media.map(|medium| {
            let sha256 = medium.sha256_base64();
            json!({"mimeType": medium.mime_type, "size": medium.bytes.len(), "sha256": sha256})
        }),
    })
}

/// Counts over all entries held.
pub async fn summarise_ledger(State(sandbox): State<Arc<Sandbox>>) -> Response {
    // A full ledger takes a second or so: not on a thread that serves others.
    let summary = tokio::task::spawn_blocking(move || sandbox.ledger.summary()).await;
    match summary {
        Ok(summary) => Json(summary).into_response(),
        Err(error) => ControlError::invalid(error.to_string()).into_response(),
    }
}

/// Empties the ledger; numbers go on.
pub async fn clear_ledger(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let deleted = sandbox.ledger.clear();
    sandbox.changes.tell();
    Json(json!({"deleted": deleted}))
}
