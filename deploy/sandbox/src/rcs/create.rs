//! `POST /v1/phones/{phone}/agentMessages`: send a message; one whose id was seen is not sent again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::agent::Agent;
use super::caller::Call;
use super::error::ApiError;
use super::message::Message;
use super::{tell, validate};
use crate::faults::{Drop, Fault, StatusFault, StatusName};
use crate::sandbox::Sandbox;
use crate::server::Cut;

/// Sends a message.
pub async fn create_message(
    State(sandbox): State<Arc<Sandbox>>,
    Path(phone): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let call = Call::read(&sandbox, &headers, &phone, query)?;
    let id = call.id("messageId")?.to_owned();
    let body = validate::message(&bytes)?;
    let config = call.agent.config();
    if !config.reaches(&call.contact) {
        return Err(ApiError::not_reached());
    }
    let fault = sandbox.fault(&config.agent_id, &call.contact).unwrap_or_default();
    pause(fault.delay_ms).await;
    if fault.drop == Some(Drop::BeforeAccept) {
        return Ok(cut());
    }
    if let Some(refuse) = &fault.refuse {
        return Err(refuse.into());
    }
    let (message, new) = accept(&sandbox, &call, &id, &body);
    if new {
        follow(&sandbox, &call.agent, &message, fault.status.clone().unwrap_or_default());
    }
    disturb_answer(&sandbox, &message, &fault).await;
    if fault.drop == Some(Drop::AfterAccept) {
        return Ok(cut());
    }
    Ok(Json(message.view(&sandbox.clock)).into_response())
}

async fn disturb_answer(sandbox: &Sandbox, message: &Arc<Message>, fault: &Fault) {
    if let Some(milliseconds) = fault.hold_ms {
        sandbox.held.begin(&message.clone().into(), sandbox.clock.now()).wait(milliseconds).await;
    }
    pause(Some(sandbox.behaviour.get().answer_ms)).await;
}

async fn pause(milliseconds: Option<u64>) {
    if let Some(milliseconds) = milliseconds.filter(|milliseconds| *milliseconds > 0) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

fn cut() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Cut);
    response
}

/// Takes a message in, or finds the one that has this id; says whether it is new.
fn accept(sandbox: &Sandbox, call: &Call, id: &str, body: &Value) -> (Arc<Message>, bool) {
    let mut book = call.agent.book.lock();
    if let Some(known) = book.find(id) {
        return (known, false);
    }
    let message = sandbox.ledger.append(|n| {
        Arc::new(Message {
            n,
            sequence: sandbox.next_sequence(),
            id: id.into(),
            agent: call.agent.config().agent_id.as_str().into(),
            inbound: false,
            contact: call.contact.as_str().into(),
            body: body.to_string().into_bytes().into(),
            at: sandbox.clock.now(),
            status: Mutex::new("SENT"),
        })
    });
    book.add(message.clone());
    (message, true)
}

/// Tells how it fares.
fn follow(sandbox: &Arc<Sandbox>, agent: &Arc<Agent>, message: &Arc<Message>, fault: StatusFault) {
    let (sandbox, agent, message) = (sandbox.clone(), agent.clone(), message.clone());
    sandbox.webhooks.clone().spawn(async move {
        let behaviour = sandbox.behaviour.get();
        let first = Duration::from_millis(fault.delay_ms.unwrap_or(0) + behaviour.status_ms);
        tokio::time::sleep(first).await;
        for (nth, word) in plan(&fault, behaviour.read).into_iter().enumerate() {
            if nth > 0 {
                tokio::time::sleep(Duration::from_millis(behaviour.status_ms)).await;
            }
            *message.status.lock() = word;
            sandbox.changes.tell();
            let event = status(&sandbox, &message, word);
            for _ in 0..=fault.duplicate {
                tell::post(&sandbox, &agent, &event).await;
            }
        }
    });
}

/// What is told of a message, in order.
fn plan(fault: &StatusFault, read: bool) -> Vec<&'static str> {
    if fault.fail_code.is_some() {
        return vec!["TTL_EXPIRATION_REVOKED"];
    }
    let mut words = vec![("DELIVERED", StatusName::Delivered)];
    if read {
        words.push(("READ", StatusName::Read));
    }
    words.retain(|(_, name)| !fault.suppress.contains(name));
    if fault.reorder {
        words.reverse();
    }
    words.into_iter().map(|(word, _)| word).collect()
}

/// An event about a message of the business's.
pub(super) fn status(sandbox: &Sandbox, message: &Message, word: &str) -> Value {
    // What the provider's own servers tell names the phone otherwise.
    let phone = if word.starts_with("TTL_") { "phoneNumber" } else { "senderPhoneNumber" };
    json!({
        phone: format!("+{}", message.contact),
        "eventType": word,
        "eventId": super::message::mint(),
        "messageId": message.id,
        "agentId": message.agent,
        "sendTime": sandbox.clock.rfc3339(sandbox.clock.now()),
    })
}
