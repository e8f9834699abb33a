//! `/mail`: the emails caught, a page to read them, and what shall go wrong.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ControlError;
use super::json::Body;
use crate::mail::MailRule;
use crate::sandbox::Sandbox;

/// Emails are shown in a frame that may do nothing but open links elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'";

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
    Json(json!({ "deleted": sandbox.mail.clear() }))
}

/// The page to read it, whole in one file.
pub async fn show_mail() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("mail.html")))
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
