//! `/contacts/{address}`: speak, read and look as a contact.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ControlError;
use super::json::Body;
use crate::account::Phone;
use crate::address;
use crate::chat::Entry;
use crate::media;
use crate::message::{Inbound, Progress, Step};
use crate::sandbox::Sandbox;
use crate::wamid::{self, Direction};
use crate::webhook::{Event, Update};

/// A message to write as a contact.
#[derive(Debug, Deserialize)]
pub struct Spoken {
    channel: Option<String>,
    to: String,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    /// The object of the type, `context`, `errors` and whatever else, passed on as it is.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Writes a message as a contact.
pub async fn speak(
    State(sandbox): State<Arc<Sandbox>>,
    Path(given): Path<String>,
    Body(mut spoken): Body<Spoken>,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let contact = contact(&given)?;
    whatsapp(spoken.channel.as_deref())?;
    let phone = phone(&sandbox, &spoken.to)?;
    let has_content = spoken.rest.get(&spoken.kind).is_some_and(|content| !content.is_null());
    if !has_content && !matches!(spoken.kind.as_str(), "unknown" | "unsupported") {
        return Err(ControlError::invalid(format!("a message of type {0} needs {0}", spoken.kind)));
    }
    if let Some(Value::Object(content)) = spoken.rest.get_mut(&spoken.kind) {
        store(&sandbox, &phone, content)?;
    }
    let id = write(&sandbox, &phone, contact, spoken);
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

/// Takes `data` (base64) of a media object into the store and puts the stored file's details in its place.
fn store(sandbox: &Sandbox, phone: &Phone, content: &mut Map<String, Value>) -> Result<(), ControlError> {
    let Some(data) = content.remove("data") else { return Ok(()) };
    let bytes = data.as_str().and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.ok_or_else(|| ControlError::invalid("data must be base64"))?;
    let mime_type = content.get("mime_type").and_then(Value::as_str).unwrap_or("application/octet-stream");
    let medium = sandbox.media.put(&phone.account.waba_id, &media::bare_mime_type(mime_type), bytes.into());
    let medium = medium.ok_or_else(|| ControlError::invalid("data is larger than the media store"))?;
    content.insert("id".into(), json!(medium.id));
    content.insert("sha256".into(), json!(medium.sha256_base64()));
    content.entry("mime_type").or_insert_with(|| json!(medium.mime_type));
    Ok(())
}

fn write(sandbox: &Sandbox, phone: &Arc<Phone>, contact: String, spoken: Spoken) -> String {
    let id = wamid::mint(&contact, Direction::Inbound);
    let from = if address::is_user_id(&contact) { "from_user_id" } else { "from" };
    let mut message = Map::new();
    message.insert(from.into(), json!(contact));
    message.insert("id".into(), json!(id));
    message.insert("type".into(), json!(spoken.kind));
    let keep = sandbox.behaviour.get().chat_history;
    let mut chats = phone.chats.lock();
    let now = sandbox.clock.now();
    message.insert("timestamp".into(), json!(sandbox.clock.unix_seconds(now).to_string()));
    // Last, so that a test may set any field itself.
    message.extend(spoken.rest);
    let chat = chats.open(&contact);
    chat.wrote_at = Some(now);
    let inbound = Arc::new(Inbound {
        sequence: sandbox.next_sequence(),
        phone: phone.clone(),
        name: spoken.name.unwrap_or_else(|| contact.clone()).into(),
        contact: contact.into(),
        id: id.as_str().into(),
        message,
        at: now,
        progress: Progress::at(Step::Sent),
    });
    chat.remember(Entry::Inbound(inbound.clone()), keep);
    sandbox.webhooks.schedule.add(now, Update { at: now, event: Event::Inbound(inbound) });
    id
}

/// Which chats to look at.
#[derive(Debug, Deserialize)]
pub struct Look {
    channel: Option<String>,
    with: Option<String>,
}

/// Both sides of a contact's chats, oldest message first.
pub async fn list_messages(
    State(sandbox): State<Arc<Sandbox>>,
    Path(given): Path<String>,
    Query(look): Query<Look>,
) -> Result<Json<Value>, ControlError> {
    let contact = contact(&given)?;
    whatsapp(look.channel.as_deref())?;
    let phones = match &look.with {
        Some(id) => vec![phone(&sandbox, id)?],
        None => sandbox.directory.phones(),
    };
    let mut entries = Vec::new();
    for phone in phones {
        if let Some(chat) = phone.chats.lock().find(&contact) {
            entries.extend(chat.history().cloned());
        }
    }
    entries.sort_by_key(Entry::sequence);
    let messages: Vec<Value> = entries.iter().map(|entry| view(&sandbox, entry)).collect();
    Ok(Json(json!({"messages": messages})))
}

fn view(sandbox: &Sandbox, entry: &Entry) -> Value {
    let (from, phone, at, progress) = match entry {
        Entry::Accepted(message) => ("business", &message.phone, message.at, &message.progress),
        Entry::Inbound(message) => ("contact", &message.phone, message.at, &message.progress),
    };
    let message = match entry {
        Entry::Accepted(message) => serde_json::from_slice(&message.body).unwrap_or_default(),
        Entry::Inbound(message) => Value::Object(message.message.clone()),
    };
    json!({
        "from": from,
        "with": phone.id,
        "id": entry.id(),
        // The provider lets the type of a text be left out.
        "type": message["type"].as_str().unwrap_or("text"),
        "message": message,
        "status": progress.get().name(),
        "at": sandbox.clock.rfc3339(at),
    })
}

/// A chat to read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadChat {
    to: String,
}

/// Reads, as a contact, what the business wrote: `read` statuses follow for what was delivered.
pub async fn read_messages(
    State(sandbox): State<Arc<Sandbox>>,
    Path(given): Path<String>,
    Body(chat): Body<ReadChat>,
) -> Result<Json<Value>, ControlError> {
    let contact = contact(&given)?;
    let phone = phone(&sandbox, &chat.to)?;
    let chats = phone.chats.lock();
    let messages = chats.find(&contact).map(crate::chat::Chat::contact_read).unwrap_or_default();
    let now = sandbox.clock.now();
    let read = messages.len();
    for message in messages {
        let event = Event::Status { message, step: Step::Read, code: 0 };
        sandbox.webhooks.schedule.add(now, Update { at: now, event });
    }
    Ok(Json(json!({"read": read})))
}

fn contact(given: &str) -> Result<String, ControlError> {
    address::normalise(given)
        .ok_or_else(|| ControlError::invalid("the contact is not a phone number or user id"))
}

fn whatsapp(channel: Option<&str>) -> Result<(), ControlError> {
    match channel {
        None | Some("whatsapp") => Ok(()),
        Some(_) => Err(ControlError::invalid("channel must be whatsapp")),
    }
}

fn phone(sandbox: &Sandbox, id: &str) -> Result<Arc<Phone>, ControlError> {
    sandbox.directory.phone_by_any(id).ok_or_else(|| ControlError::not_found("phone number"))
}
