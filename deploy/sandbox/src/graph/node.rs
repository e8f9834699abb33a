//! `GET` and `DELETE /{version}/{id}`: one phone number, account, media file or template.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::GraphError;
use super::paging::Query;
use super::{media, phone_numbers};
use crate::account::AccountState;
use crate::faults::MediaCall;
use crate::pages;
use crate::sandbox::Sandbox;

/// Shows an object, whatever it is.
pub async fn get_node(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, GraphError> {
    if sandbox.pages.knows(&id) {
        return Ok(pages::node::show(&sandbox, caller.token(), &id, &Query::of(&uri)));
    }
    if sandbox.media.get(&id).is_some()
        && let Some(answer) = media::disturbed(&sandbox, MediaCall::LookUp).await
    {
        return Ok(answer);
    }
    show(&sandbox, &caller, &id, &Query::of(&uri)).map(IntoResponse::into_response)
}

fn show(sandbox: &Sandbox, caller: &Caller, id: &str, query: &Query) -> Result<Json<Value>, GraphError> {
    if sandbox.directory.phone(id).is_some() {
        let phone = caller.phone(sandbox, id, "get")?;
        let view = phone_numbers::view(&phone.profile().config, &phone.account.state());
        return Ok(Json(query.select(view)));
    }
    if sandbox.directory.account(id).is_some() {
        let account = caller.account(sandbox, id, "get")?;
        return Ok(Json(query.select(account_view(&account.state()))));
    }
    let accounts = caller.accounts(sandbox)?;
    if sandbox.media.get(id).is_some() {
        return media::look_up(sandbox, caller, id, query).map(Json);
    }
    let states = accounts.iter().map(|account| account.state());
    let template =
        states.flat_map(|state| state.templates.clone()).find(|template| template.view["id"] == id);
    match template {
        Some(template) => Ok(Json(query.select(template.view.clone()))),
        None => Err(GraphError::no_object("get", id)),
    }
}

/// Deletes a media file; nothing else can be deleted.
pub async fn delete_node(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, GraphError> {
    media::delete(&sandbox, &caller, &id)?;
    Ok(Json(json!({"success": true})))
}

/// Answers for everything of the Graph API that the sandbox does not play.
pub async fn unsupported(method: Method, uri: Uri) -> GraphError {
    let id = uri.path().split('/').nth(2).unwrap_or_default();
    GraphError::no_object(&method.as_str().to_lowercase(), id)
}

fn account_view(account: &AccountState) -> Value {
    json!({
        "id": account.config.waba_id,
        "name": account.config.name,
        "currency": "USD",
        "timezone_id": "1",
        "message_template_namespace": "5a4dbe11_0000_0000_0000_000000000001",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "ownership_type": "SELF",
    })
}
