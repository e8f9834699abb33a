//! `/control/settings`: how the sandbox behaves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::error::ControlError;
use super::json::Body;
use crate::sandbox::Sandbox;
use crate::settings::Behaviour;

/// Shows the behaviour in force.
pub async fn get_settings(State(sandbox): State<Arc<Sandbox>>) -> Json<Behaviour> {
    Json(Behaviour::clone(&sandbox.behaviour.get()))
}

/// Replaces some fields; answers the whole.
pub async fn patch_settings(
    State(sandbox): State<Arc<Sandbox>>,
    Body(patch): Body<Value>,
) -> Result<Json<Behaviour>, ControlError> {
    let behaviour = sandbox.behaviour.patch(&patch).map_err(ControlError::invalid)?;
    sandbox.changes.tell();
    Ok(Json(Behaviour::clone(&behaviour)))
}
