//! `/control/accounts`: the accounts the sandbox plays.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ControlError;
use super::json::Body;
use crate::account::AccountConfig;
use crate::sandbox::Sandbox;

/// Lists all accounts, secrets included.
pub async fn list_accounts(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let accounts = sandbox.directory.accounts();
    let accounts: Vec<AccountConfig> =
        accounts.iter().map(|account| account.state().config.clone()).collect();
    Json(json!({"accounts": accounts}))
}

/// Stores an account: 201 when it is new, 200 when it replaces one.
pub async fn put_account(
    State(sandbox): State<Arc<Sandbox>>,
    Body(config): Body<AccountConfig>,
) -> Result<(StatusCode, Json<AccountConfig>), ControlError> {
    let known = sandbox.directory.account(&config.waba_id).is_some();
    let account = sandbox.directory.put(config)?;
    sandbox.changes.tell();
    let status = if known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(account.state().config.clone())))
}

/// Replaces some fields of an account.
pub async fn patch_account(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body(patch): Body<Value>,
) -> Result<Json<AccountConfig>, ControlError> {
    let account = sandbox.directory.patch(&id, &patch)?;
    sandbox.changes.tell();
    Ok(Json(account.state().config.clone()))
}
