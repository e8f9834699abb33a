//! What a contact writes to an agent, and what both sides have written.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::agent::Agent;
use super::message::{Message, mint};
use super::tell;
use crate::control::error::ControlError;
use crate::media::bare_mime_type;
use crate::sandbox::Sandbox;

/// Writes to an agent as a contact: `text`, `suggestion`, `location`, a file, or an `event` in the provider's own form.
pub(crate) fn speak(
    sandbox: &Arc<Sandbox>,
    (contact, host): (&str, &str),
    (to, kind): (&str, &str),
    rest: &Map<String, Value>,
) -> Result<String, ControlError> {
    let agent = sandbox.agents.find(to).ok_or_else(|| ControlError::not_found("RCS agent"))?;
    let object = rest
        .get(kind)
        .ok_or_else(|| ControlError::invalid(format!("a message of type {kind} needs {kind}")))?;
    let id = mint();
    let mut event = json!({
        "senderPhoneNumber": format!("+{contact}"), "agentId": to,
        "sendTime": sandbox.clock.rfc3339(sandbox.clock.now()),
    });
    match kind {
        "event" => {
            event["eventId"] = json!(id);
            for (name, value) in object.as_object().into_iter().flatten() {
                event[name] = value.clone();
            }
        }
        _ => {
            event["messageId"] = json!(id);
            let (name, said) = said(sandbox, host, (to, kind), object)?;
            event[name] = said;
            remember(sandbox, &agent, contact, &event);
        }
    }
    let sandbox = sandbox.clone();
    sandbox.webhooks.clone().spawn(async move { tell::post(&sandbox, &agent, &event).await });
    Ok(id)
}

/// What was said, with the provider's name for it.
fn said<'a>(
    sandbox: &Sandbox,
    host: &str,
    (agent, kind): (&str, &'a str),
    object: &Value,
) -> Result<(&'a str, Value), ControlError> {
    Ok(match kind {
        "text" => {
            let words = object["body"].as_str().or_else(|| object.as_str());
            ("text", json!(words.ok_or_else(|| ControlError::invalid("text needs body"))?))
        }
        "suggestion" => ("suggestionResponse", object.clone()),
        "location" => ("location", object.clone()),
        "image" | "video" | "audio" | "document" => {
            let bytes = object["data"].as_str().and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or_else(|| ControlError::invalid("data must be base64"))?;
            let mime_type =
                bare_mime_type(object["mime_type"].as_str().unwrap_or("application/octet-stream"));
            let size = bytes.len();
            let medium = sandbox.media.put(agent, &mime_type, bytes.into());
            let medium =
                medium.ok_or_else(|| ControlError::invalid("data is larger than the media store"))?;
            let payload = json!({
                "mimeType": medium.mime_type, "fileSizeBytes": size,
                "fileUri": format!("http://{host}/rcs-files/{}", medium.id),
                "fileName": object["filename"].as_str().unwrap_or(kind),
            });
            ("userFile", json!({ "payload": payload }))
        }
        // Whatever else the provider may come to tell.
        other => (other, object.clone()),
    })
}

fn remember(sandbox: &Sandbox, agent: &Agent, contact: &str, event: &Value) {
    let message = Message {
        n: 0,
        sequence: sandbox.next_sequence(),
        id: event["messageId"].as_str().unwrap_or_default().into(),
        agent: agent.config().agent_id.as_str().into(),
        inbound: true,
        contact: contact.into(),
        body: event.to_string().into_bytes().into(),
        at: sandbox.clock.now(),
        status: Mutex::new("SENT"),
    };
    agent.book.lock().add(Arc::new(message));
}

/// Both sides of a contact's chats, as the contact's phone shows them.
pub(crate) fn chat(sandbox: &Sandbox, contact: &str, with: Option<&str>) -> Vec<Value> {
    let mut found: Vec<Arc<Message>> = Vec::new();
    for agent in sandbox.agents.all() {
        let book = agent.book.lock();
        let theirs = book.all().filter(|message| {
            *message.contact == *contact && with.is_none_or(|with| with == &*message.agent)
        });
        found.extend(theirs.cloned());
    }
    found.sort_by_key(|message| message.sequence);
    let view = |message: &Arc<Message>| {
        json!({
            "n": message.sequence,
            "type": "message",
            "from": if message.inbound { "contact" } else { "business" },
            "with": message.agent,
            "id": message.id,
            "message": message.content(),
            "status": *message.status.lock(),
            "at": sandbox.clock.rfc3339(message.at),
        })
    };
    found.iter().map(view).collect()
}
