//! `/control/rcs-agents`: agents and their service accounts, for tests and people.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::agent::Config;
use crate::control::error::ControlError;
use crate::control::json::Body;
use crate::sandbox::Sandbox;

/// Lists the agents, secrets included.
pub async fn list_agents(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let agents: Vec<Config> = sandbox.agents.all().iter().map(|agent| (*agent.config()).clone()).collect();
    Json(json!({ "agents": agents }))
}

/// Stores an agent: 201 when it is new, 200 when it replaces one.
pub async fn put_agent(
    State(sandbox): State<Arc<Sandbox>>,
    Body(config): Body<Config>,
) -> Result<Response, ControlError> {
    let shown = json!(config);
    let new = sandbox.agents.put(config).map_err(ControlError::invalid)?;
    sandbox.changes.tell();
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shown)).into_response())
}

/// Changes some fields of an agent.
pub async fn patch_agent(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body(patch): Body<Value>,
) -> Result<Json<Value>, ControlError> {
    let patched = sandbox.agents.patch(&id, &patch).ok_or_else(|| ControlError::not_found("RCS agent"))?;
    sandbox.changes.tell();
    Ok(Json(json!(*patched.map_err(ControlError::invalid)?)))
}

/// The service account of an agent, as the provider gives it out; its tokens come from the host that was asked.
pub async fn get_service_account(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ControlError> {
    let agent = sandbox.agents.find(&id).ok_or_else(|| ControlError::not_found("RCS agent"))?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    Ok(Json(agent.config().service_account(host)))
}

/// Takes all tokens back, as if they had ended.
pub async fn revoke_tokens(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!({ "revoked": sandbox.agents.tokens.revoke() }))
}
