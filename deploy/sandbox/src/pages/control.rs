//! `/control/pages`: pages and Instagram accounts, secrets included.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::page::Config;
use crate::control::error::ControlError;
use crate::control::json::Body;
use crate::sandbox::Sandbox;

/// Lists them.
pub async fn list_pages(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let pages: Vec<Config> = sandbox.pages.all().iter().map(|page| (*page.config()).clone()).collect();
    Json(json!({ "pages": pages }))
}

/// Stores one: 201 when it is new, 200 when it replaces one.
pub async fn put_page(
    State(sandbox): State<Arc<Sandbox>>,
    Body(config): Body<Config>,
) -> Result<Response, ControlError> {
    let view = json!(config);
    let new = sandbox.pages.put(config).map_err(ControlError::invalid)?;
    sandbox.changes.tell();
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view)).into_response())
}

/// Changes some fields of one.
pub async fn patch_page(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body(patch): Body<Value>,
) -> Result<Json<Value>, ControlError> {
    let patched = sandbox.pages.patch(&id, &patch).ok_or_else(|| ControlError::not_found("page"))?;
    let config = patched.map_err(ControlError::invalid)?;
    sandbox.changes.tell();
    Ok(Json(json!(*config)))
}
