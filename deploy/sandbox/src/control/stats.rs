//! `GET /healthz` and `GET /control/stats`: whether it lives, and what it has done.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Says that it lives.
pub async fn get_health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Counts of messages and webhook updates.
pub async fn get_stats(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!({
        "ledger": {"accepted": sandbox.ledger.accepted(), "dropped": sandbox.ledger.dropped()},
        "webhooks": sandbox.webhooks.schedule.counts(),
    }))
}
