//! `/control/faults`: what shall go wrong.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ControlError;
use super::json::Body;
use crate::address;
use crate::faults::{Fault, Rule};
use crate::sandbox::Sandbox;

/// Adds a fault.
pub async fn create_fault(
    State(sandbox): State<Arc<Sandbox>>,
    Body(mut rule): Body<Rule>,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    if rule.fault == Fault::default() {
        return Err(ControlError::invalid("fault must name at least one thing to go wrong"));
    }
    if rule.times == Some(0) {
        return Err(ControlError::invalid("times must be at least 1"));
    }
    if let Some(refuse) = &rule.fault.refuse
        && !(400..=599).contains(&refuse.http_status)
    {
        return Err(ControlError::invalid("refuse.httpStatus must be between 400 and 599"));
    }
    if let Some(status) = rule.fault.media.as_ref().and_then(|media| media.http_status)
        && !(400..=599).contains(&status)
    {
        return Err(ControlError::invalid("media.httpStatus must be between 400 and 599"));
    }
    if !rule.fault.is_bounded() {
        return Err(ControlError::invalid("times in milliseconds end at a day, duplicate at 1000"));
    }
    if let Some(recipient) = &rule.recipient {
        let address = address::normalise(recipient);
        rule.recipient = Some(address.ok_or_else(|| ControlError::invalid("recipient is not an address"))?);
    }
    let id = sandbox.faults.add(rule);
    sandbox.changes.tell();
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

/// Lists the faults in force, with the times left.
pub async fn list_faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!({"faults": sandbox.faults.list()}))
}

/// Removes all faults.
pub async fn delete_faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let deleted = sandbox.faults.remove(None);
    sandbox.changes.tell();
    Json(json!({"deleted": deleted}))
}

/// Removes one fault; one that is used up is gone already and answers 404.
pub async fn delete_fault(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ControlError> {
    match sandbox.faults.remove(Some(&id)) {
        0 => Err(ControlError::not_found("fault")),
        deleted => {
            sandbox.changes.tell();
            Ok(Json(json!({"deleted": deleted})))
        }
    }
}
