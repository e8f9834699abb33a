//! `/mail`: the emails caught, one as HTML, and what shall go wrong.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ControlError;
use super::json::Body;
use crate::mail::MailRule;
use crate::sandbox::Sandbox;

/// For email shown in a frame.
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox";

/// Which emails to list.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    recipient: Option<String>,
}

/// Lists what was caught, oldest first.
pub async fn list_mail(State(sandbox): State<Arc<Sandbox>>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let emails = sandbox.mail.list(wanted.recipient.as_deref());
    Json(json!({ "address": sandbox.mail.address(), "emails": emails }))
}

/// Throws away what was caught.
pub async fn clear_mail(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let deleted = sandbox.mail.clear();
    sandbox.changes.tell();
    Json(json!({ "deleted": deleted }))
}

/// `/mail/{n}/html`: an email as HTML, which may run and load nothing; its links open elsewhere.
pub async fn show_html(
    State(sandbox): State<Arc<Sandbox>>,
    Path(n): Path<u64>,
) -> Result<impl IntoResponse, ControlError> {
    let email = sandbox.mail.find(n).ok_or_else(|| ControlError::not_found("email"))?;
    let html = format!("<base target=\"_blank\">{}", email["html"].as_str().unwrap_or_default());
    Ok(([(header::CONTENT_SECURITY_POLICY, FRAME_POLICY)], Html(html)))
}

/// Adds a fault.
pub async fn create_mail_fault(
    State(sandbox): State<Arc<Sandbox>>,
    Body(rule): Body<MailRule>,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    rule.check().map_err(ControlError::invalid)?;
    sandbox.mail.faults.add(rule);
    Ok((StatusCode::CREATED, Json(json!({}))))
}

/// Lists the faults in force, with the times left.
pub async fn list_mail_faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!({ "faults": sandbox.mail.faults.list() }))
}

/// Removes all faults.
pub async fn delete_mail_faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!({ "deleted": sandbox.mail.faults.clear() }))
}
