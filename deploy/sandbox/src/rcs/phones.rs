//! `/v1/phones/{phone}`: what a contact's phone can show, and what it is told beside messages.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};

use super::caller::Call;
use super::error::ApiError;
use crate::sandbox::Sandbox;

/// `…/capabilities`: what a phone can show.
pub async fn get_capabilities(
    State(sandbox): State<Arc<Sandbox>>,
    Path(phone): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let call = Call::read(&sandbox, &headers, &phone, query)?;
    call.id("requestId")?;
    let config = call.agent.config();
    if !config.reaches(&call.contact) {
        return Err(ApiError::not_reached());
    }
    Ok(Json(json!({ "features": config.features })))
}

/// `…/agentEvents`: the agent types, or has read what the contact wrote.
pub async fn create_event(
    State(sandbox): State<Arc<Sandbox>>,
    Path(phone): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = Call::read(&sandbox, &headers, &phone, query)?;
    let id = call.id("eventId")?;
    let body: Value =
        serde_json::from_slice(&bytes).map_err(|_| ApiError::invalid("Invalid JSON payload received."))?;
    if !call.agent.config().reaches(&call.contact) {
        return Err(ApiError::not_reached());
    }
    match body["eventType"].as_str() {
        Some("IS_TYPING") => (),
        Some("READ") => {
            let of = body["messageId"].as_str().ok_or_else(|| ApiError::invalid("messageId is required."))?;
            let found = call.agent.book.lock().find(of);
            let found = found.filter(|message| message.inbound && *message.contact == *call.contact);
            let message =
                found.ok_or_else(|| ApiError::invalid("messageId names no message of the user."))?;
            *message.status.lock() = "READ";
            sandbox.changes.tell();
        }
        _ => return Err(ApiError::invalid("Invalid value at 'event_type'.")),
    }
    let name = format!("phones/+{}/agentEvents/{id}", call.contact);
    Ok(Json(json!({ "name": name, "eventType": body["eventType"], "messageId": body.get("messageId") })))
}
