//! What a client may say of an endpoint.

use std::collections::BTreeMap;

use common::config::Secret;
use common::crypto::Sealer;
use common::db::webhooks::{self, Headers};
use common::domain::event::{self, EVERY};
use common::domain::ids::{InboxId, OrganizationId, WebhookId};
use common::problem::Problem;
use common::webhooks::guard::Refused;
use common::webhooks::signature;
use deadpool_postgres::GenericClient;
use http::{HeaderName, StatusCode};
use uuid::Uuid;

use crate::state::AppState;
use crate::text::Checks;

/// Most characters of an address, of a description, and of a header's name and value.
const URL: usize = 2_048;
const DESCRIPTION: usize = 500;
const HEADER_NAME: usize = 100;
const HEADER_VALUE: usize = 2_000;
/// Most headers, and most inboxes, of an endpoint.
const HEADERS: usize = 20;
const INBOXES: usize = 200;

/// Headers that are ours or the connection's.
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn description(checks: &mut Checks, text: Option<&str>) {
    if let Some(text) = text {
        checks.line("description", text, DESCRIPTION);
    }
}

pub(super) fn secret(checks: &mut Checks, secret: Option<&Secret>) {
    let message = "must be whsec_ and the base64 of 24 to 64 random bytes";
    checks.ensure(secret.is_none_or(signature::is_secret), "secret", "malformed", message);
}

/// Each type once, in the order of their names.
pub(super) fn events(checks: &mut Checks, events: &mut Vec<String>) {
    checks.ensure(!events.is_empty(), "events", "empty", "must name a type of events, or *");
    for (place, name) in events.iter().enumerate().take(100) {
        let known = name == EVERY || event::is_known(name);
        checks.ensure(known, &format!("events[{place}]"), "unknown_event", "is no type of events");
    }
    events.sort_unstable();
    events.dedup();
}

pub(super) fn headers(checks: &mut Checks, headers: &BTreeMap<String, String>) {
    checks.ensure(
        headers.len() <= HEADERS,
        "headers",
        "too_many",
        &format!("must not be more than {HEADERS}"),
    );
    for (name, value) in headers.iter().take(HEADERS * 2) {
        let field = format!("headers.{}", name.chars().take(HEADER_NAME).collect::<String>());
        header_name(checks, &field, name);
        let fits = value.len() <= HEADER_VALUE && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        checks.ensure(fits, &field, "value", "must have at most 2,000 printable ASCII characters");
    }
    let mut names: Vec<String> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    checks.ensure(names.len() == headers.len(), "headers", "duplicate", "must name each header once");
}

pub(super) fn header_name(checks: &mut Checks, field: &str, name: &str) {
    let fits = name.len() <= HEADER_NAME && HeaderName::try_from(name).is_ok();
    checks.ensure(fits, field, "name", "must be named as a header can be, in at most 100 characters");
    let lower = name.to_ascii_lowercase();
    let reserved = RESERVED.contains(&lower.as_str()) || lower.starts_with("webhook-");
    checks.ensure(!reserved, field, "reserved", "is a header that cannot be set");
}

/// An address to which webhooks may go, in its plain form.
pub(super) async fn url(state: &AppState, text: &str) -> Result<String, Problem> {
    if text.len() > URL {
        return Err(Problem::invalid("url", "length", "must have at most 2,048 characters"));
    }
    match state.guard.check(text).await {
        Ok(url) if url.as_str().len() <= URL => Ok(url.into()),
        Ok(_) => Err(Problem::invalid("url", "length", "must have at most 2,048 characters")),
        Err(refused @ Refused::Malformed) => Err(Problem::invalid("url", "invalid", refused.to_string())),
        Err(refused @ (Refused::Http | Refused::Forbidden)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let problem = Problem::new(status, "webhook_url_not_allowed", format!("url {refused}"));
            Err(problem.field("url", "webhook_url_not_allowed", refused.to_string()))
        }
    }
}

/// The organization's inboxes that are named, each once.
pub(super) async fn inboxes(
    client: &impl GenericClient,
    organization: OrganizationId,
    named: &[InboxId],
) -> Result<Vec<Uuid>, Problem> {
    let mut checks = Checks::default();
    checks.ensure(named.len() <= INBOXES, "inboxIds", "too_many", "must not be more than 200");
    let mut ids: Vec<Uuid> = named.iter().take(INBOXES).map(|id| id.0).collect();
    let known = webhooks::known_inboxes(client, organization, &ids).await?;
    for (place, id) in ids.iter().enumerate() {
        let field = format!("inboxIds[{place}]");
        checks.ensure(known.contains(id), &field, "unknown_inbox", "is no inbox of your organization");
    }
    checks.finish()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The headers as they are stored.
pub(super) fn seal(
    sealer: &Sealer,
    id: WebhookId,
    headers: &BTreeMap<String, String>,
) -> Result<Headers, Problem> {
    if headers.is_empty() {
        return Ok(Headers::default());
    }
    let plain = serde_json::to_vec(headers).map_err(Problem::internal)?;
    let sealed = webhooks::seal(sealer, id, &plain).map_err(Problem::internal)?;
    Ok(Headers { names: headers.keys().cloned().collect(), sealed: Some(sealed) })
}
