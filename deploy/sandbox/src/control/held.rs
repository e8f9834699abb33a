//! `/control/held`: accepted messages whose answer a fault holds back now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::clock::MILLISECOND;
use crate::sandbox::Sandbox;

/// Lists the answers being held, oldest message first.
pub async fn list_held(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let now = sandbox.clock.now();
    let held: Vec<Value> = sandbox
        .held
        .list()
        .iter()
        .map(|(message, since)| {
            json!({
                "n": message.n(),
                "sender": message.sender(),
                "recipient": message.recipient(),
                "correlation": message.correlation(),
                "sinceMs": now.saturating_sub(*since) / MILLISECOND,
            })
        })
        .collect();
    Json(json!({"held": held}))
}

/// Lets every answer go that is held now.
pub async fn release_held(State(sandbox): State<Arc<Sandbox>>) -> StatusCode {
    sandbox.held.release();
    StatusCode::NO_CONTENT
}
