//! Accounts, their numbers and their messaging services, looked up.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::Config;
use super::caller;
use super::error::ApiError;
use super::message::VERSION;
use crate::control::error::ControlError;
use crate::control::json::Body;
use crate::sandbox::Sandbox;

/// `/2010-04-01/Accounts/{sid}.json`: the account, for its own token.
pub async fn fetch_account(
    State(sandbox): State<Arc<Sandbox>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let sid = file.strip_suffix(".json").unwrap_or(&file);
    let account = caller::with_token(&sandbox, &headers, sid)?;
    let config = account.config();
    Ok(Json(json!({
        "sid": config.account_sid, "friendly_name": config.friendly_name, "status": config.status, "type": "Full",
        "uri": format!("/{VERSION}/Accounts/{sid}.json"),
    })))
}

/// Which numbers to list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Wanted {
    phone_number: Option<String>,
}

/// `…/IncomingPhoneNumbers.json`: the account's numbers; those that have what is given in them.
pub async fn list_numbers(
    State(sandbox): State<Arc<Sandbox>>,
    Path(sid): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let config = caller::account(&sandbox, &headers, &sid)?.config();
    let part = wanted.phone_number.unwrap_or_default();
    let found = config
        .phone_numbers
        .iter()
        .filter(|number| number.phone_number.contains(part.trim_start_matches('*')));
    let numbers: Vec<Value> = found
        .map(|number| {
            json!({
                "sid": number.sid, "account_sid": sid, "phone_number": number.phone_number,
                "friendly_name": number.friendly_name, "sms_url": config.webhook_url,
                "capabilities": { "sms": true, "mms": true, "voice": false },
            })
        })
        .collect();
    Ok(Json(json!({ "incoming_phone_numbers": numbers, "page": 0, "page_size": 50, "next_page_uri": null })))
}

/// `/v1/Services/{sid}`: a messaging service.
pub async fn fetch_service(
    State(sandbox): State<Arc<Sandbox>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let config = caller::any(&sandbox, &headers)?.config();
    if !config.messaging_services.contains(&sid) {
        return Err(ApiError::not_found(&format!("/Services/{sid}")));
    }
    Ok(Json(json!({ "sid": sid, "account_sid": config.account_sid, "friendly_name": "Service" })))
}

/// `/control/text-accounts`: lists the accounts for texts, secrets included.
pub async fn list_accounts(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let accounts: Vec<Config> =
        sandbox.texts.all().iter().map(|account| (*account.config()).clone()).collect();
    Json(json!({ "accounts": accounts }))
}

/// Stores an account: 201 when it is new, 200 when it replaces one.
pub async fn put_account(
    State(sandbox): State<Arc<Sandbox>>,
    Body(config): Body<Config>,
) -> Result<Response, ControlError> {
    let sid = config.account_sid.clone();
    let new = sandbox.texts.put(config).map_err(ControlError::invalid)?;
    sandbox.changes.tell();
    let account = sandbox.texts.find(&sid).ok_or_else(|| ControlError::not_found("account"))?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!(*account.config()))).into_response())
}

/// Changes some fields of an account.
pub async fn patch_account(
    State(sandbox): State<Arc<Sandbox>>,
    Path(sid): Path<String>,
    Body(patch): Body<Value>,
) -> Result<Json<Value>, ControlError> {
    let patched = sandbox.texts.patch(&sid, &patch).ok_or_else(|| ControlError::not_found("account"))?;
    sandbox.changes.tell();
    Ok(Json(json!(*patched.map_err(ControlError::invalid)?)))
}
