//! `POST /{version}/{phone_number_id}/messages`: send a message, or mark one as read.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::accept::accept;
use super::answer;
use super::caller::Caller;
use super::error::GraphError;
use super::links;
use super::validate::{self, Known, Message, Request};
use crate::account::Phone;
use crate::faults::{Drop, Fault};
use crate::pages;
use crate::sandbox::Sandbox;

/// Sends a message, or marks one as read.
pub async fn send_message(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, GraphError> {
    if sandbox.pages.knows(&id) {
        let bytes = body.map_err(|rejection| GraphError::parameter(rejection.body_text()))?;
        let body = parse(&headers, &bytes)?;
        return Ok(pages::send::send(&sandbox, (caller.token(), &id), &body, &bytes).await);
    }
    let phone = caller.phone(&sandbox, &id, "post")?;
    let bytes = body.map_err(|rejection| GraphError::parameter(rejection.body_text()))?;
    let body = parse(&headers, &bytes)?;
    let state = phone.account.state();
    let known = Known { account: &state, media: &sandbox.media };
    match validate::request(&body, &known)? {
        Request::Message(message) => take_in(&sandbox, &phone, &message, &bytes).await,
        Request::Read { id, contact, typing } => {
            if let Some(chat) = phone.chats.lock().find_mut(&contact) {
                chat.business_read(id);
                chat.typing_since = typing.then(|| sandbox.clock.now());
            }
            sandbox.changes.tell();
            Ok(answer::success())
        }
    }
}

/// The body as an object. Without a JSON content type the Graph API sees no parameters at all.
fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, GraphError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"))
    {
        return Ok(Map::new());
    }
    serde_json::from_slice(bytes)
        .map_err(|error| GraphError::parameter(format!("The request body is not a JSON object: {error}")))
}

async fn take_in(
    sandbox: &Arc<Sandbox>,
    phone: &Arc<Phone>,
    message: &Message<'_>,
    body: &[u8],
) -> Result<Response, GraphError> {
    let fault = sandbox.fault(&phone.id, &message.recipient).unwrap_or_default();
    before(&fault).await;
    if fault.drop == Some(Drop::BeforeAccept) {
        return Ok(answer::cut());
    }
    if let Some(refuse) = &fault.refuse {
        return Err(refuse.into());
    }
    let linked = sandbox.behaviour.get().fetch_links.then(|| links::of(body)).flatten();
    let accepted = accept(sandbox, phone, message, body, (fault.status.as_ref(), linked.is_some()))?;
    if let Some(linked) = linked {
        links::fetch_and_tell(sandbox, phone, &accepted, linked, fault.status.clone());
    }
    if let Some(milliseconds) = fault.hold_ms {
        sandbox.held.begin(&accepted.clone().into(), sandbox.clock.now()).wait(milliseconds).await;
    }
    if fault.drop == Some(Drop::AfterAccept) {
        return Ok(answer::cut());
    }
    match sandbox.behaviour.get().answer_ms {
        0 => {}
        milliseconds => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
    }
    Ok(answer::accepted(message, &accepted.provider_id))
}

async fn before(fault: &Fault) {
    if let Some(milliseconds) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}
