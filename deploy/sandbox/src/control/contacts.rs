//! `/contacts/{address}`: speak, read and look as a contact.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ControlError;
use super::files;
use super::json::Body;
use crate::account::Phone;
use crate::address;
use crate::chat::Entry;
use crate::media;
use crate::message::{Author, Inbound, Progress, Step};
use crate::pages::{self, Platform};
use crate::rcs;
use crate::sandbox::Sandbox;
use crate::text;
use crate::wamid::{self, Direction};
use crate::webhook::{Event, Update};

/// The channel of texts.
const TEXT: &str = "text";
/// The channel of RCS.
const RCS: &str = "rcs";

/// A message to write as a contact, or to one from the business's phone.
#[derive(Debug, Deserialize)]
pub struct Spoken {
    channel: Option<String>,
    to: String,
    name: Option<String>,
    /// The user id that a contact has besides its number.
    #[serde(rename = "userId")]
    user_id: Option<String>,
    #[serde(default, rename = "as")]
    speaker: Speaker,
    #[serde(rename = "type")]
    kind: String,
    /// The object of the type, `context`, `errors` and whatever else, passed on as it is.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// On whose phone a message is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    #[default]
    Contact,
    Business,
}

/// Writes a message as a contact, or to one from the business's phone.
pub async fn speak(
    State(sandbox): State<Arc<Sandbox>>,
    Path(given): Path<String>,
    headers: HeaderMap,
    Body(mut spoken): Body<Spoken>,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let contact = contact(&given)?;
    if let Some(channel @ (TEXT | RCS)) = spoken.channel.as_deref() {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        let asked = (spoken.to.as_str(), spoken.kind.as_str());
        let speak = if channel == TEXT { text::speak::speak } else { rcs::speak::speak };
        let id = speak(&sandbox, (&contact, host), asked, &spoken.rest)?;
        return Ok((StatusCode::CREATED, Json(json!({"id": id}))));
    }
    if let Some(platform) = platform(spoken.channel.as_deref()) {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        let business = spoken.speaker == Speaker::Business;
        let speaker = pages::speak::Speaker { platform, contact: &contact, to: &spoken.to, host, business };
        let id = pages::speak::speak(&sandbox, speaker, &spoken.kind, &spoken.rest)?;
        return Ok((StatusCode::CREATED, Json(json!({"id": id}))));
    }
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
    let author = match (spoken.speaker, spoken.kind.as_str()) {
        (Speaker::Business, _) => Author::Business,
        (Speaker::Contact, "system") => Author::Provider,
        (Speaker::Contact, _) => Author::Contact,
    };
    let direction = if author == Author::Business { Direction::Outbound } else { Direction::Inbound };
    let id = wamid::mint(&contact, direction);
    let mut message = envelope(phone, &contact, author, spoken.user_id.as_deref());
    message.insert("id".into(), json!(id));
    message.insert("type".into(), json!(spoken.kind));
    let keep = sandbox.behaviour.get().chat_history;
    let mut chats = phone.chats.lock();
    let now = sandbox.clock.now();
    message.insert("timestamp".into(), json!(sandbox.clock.unix_seconds(now).to_string()));
    // Last, so that a test may set any field itself.
    message.extend(spoken.rest);
    if let (Author::Provider, Some(new)) = (author, new_number(&message)) {
        // The same person: what it wrote lets free-form messages through to its new number.
        chats.open(&new).wrote_at = chats.find(&contact).and_then(|chat| chat.wrote_at);
    }
    let chat = chats.open(&contact);
    if author == Author::Contact {
        chat.wrote_at = Some(now);
        if let Some(user) = &spoken.user_id {
            chat.user_id = Some(user.as_str().into());
        }
    }
    let inbound = Arc::new(Inbound {
        author,
        user_id: spoken.user_id.map(Into::into),
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

/// Who wrote to whom, as the provider names them.
fn envelope(phone: &Phone, contact: &str, author: Author, user_id: Option<&str>) -> Map<String, Value> {
    let mut message = Map::new();
    let (number, user) = match author {
        Author::Business => {
            message.insert("from".into(), json!(phone.profile().digits));
            ("to", "to_user_id")
        }
        Author::Contact | Author::Provider => ("from", "from_user_id"),
    };
    if address::is_user_id(contact) {
        message.insert(user.into(), json!(contact));
    } else {
        message.insert(number.into(), json!(contact));
        user_id.map(|id| message.insert(user.into(), json!(id)));
    }
    message
}

/// The number that a system message says a contact has changed to.
fn new_number(message: &Map<String, Value>) -> Option<String> {
    let system = message.get("system").filter(|system| system["type"] == "user_changed_number")?;
    address::normalise(system["wa_id"].as_str()?)
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
    if look.channel.as_deref() == Some(TEXT) {
        let messages = text::speak::chat(&sandbox, &contact, look.with.as_deref());
        return Ok(Json(json!({"messages": messages})));
    }
    if look.channel.as_deref() == Some(RCS) {
        return Ok(Json(json!({"messages": rcs::speak::chat(&sandbox, &contact, look.with.as_deref())})));
    }
    if let Some(platform) = platform(look.channel.as_deref()) {
        let messages = pages::speak::chat(&sandbox, platform, &contact, look.with.as_deref());
        return Ok(Json(json!({"messages": messages})));
    }
    whatsapp(look.channel.as_deref())?;
    let phones = match &look.with {
        Some(id) => vec![phone(&sandbox, id)?],
        None => sandbox.directory.phones(),
    };
    let mut entries = Vec::new();
    let mut typing: Vec<Box<str>> = Vec::new();
    for phone in phones {
        if let Some(chat) = phone.chats.lock().find(&contact) {
            entries.extend(chat.history().cloned());
            typing.extend(chat.is_typing(sandbox.clock.now()).then(|| phone.id.clone()));
        }
    }
    entries.sort_by_key(Entry::sequence);
    let messages: Vec<Value> = entries.iter().map(|entry| view(&sandbox, entry)).collect();
    Ok(Json(json!({"messages": messages, "typing": typing})))
}

fn view(sandbox: &Sandbox, entry: &Entry) -> Value {
    let (from, phone, at, progress) = match entry {
        Entry::Accepted(message) => ("business", &message.phone, message.at, &message.progress),
        Entry::Inbound(message) => {
            let from = if message.author == Author::Business { "business" } else { "contact" };
            (from, &message.phone, message.at, &message.progress)
        }
    };
    let message = match entry {
        Entry::Accepted(message) => serde_json::from_slice(&message.body).unwrap_or_default(),
        Entry::Inbound(message) => Value::Object(message.message.clone()),
    };
    let fetched = match entry {
        Entry::Accepted(message) => message.fetched.get(),
        Entry::Inbound(_) => None,
    };
    json!({
        "n": entry.sequence(),
        "files": fetched.map(|file| files::view(file)).into_iter().collect::<Vec<_>>(),
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
    channel: Option<String>,
    to: String,
}

/// Reads, as a contact, what the business wrote: `read` statuses follow for what was delivered.
pub async fn read_messages(
    State(sandbox): State<Arc<Sandbox>>,
    Path(given): Path<String>,
    Body(chat): Body<ReadChat>,
) -> Result<Json<Value>, ControlError> {
    let contact = contact(&given)?;
    if let Some(TEXT | RCS) = chat.channel.as_deref() {
        return Err(ControlError::invalid("reading is told on WhatsApp, Messenger and Instagram only"));
    }
    if let Some(platform) = platform(chat.channel.as_deref()) {
        let read = pages::speak::read(&sandbox, platform, (&contact, &chat.to))?;
        return Ok(Json(json!({"read": read})));
    }
    whatsapp(chat.channel.as_deref())?;
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

/// The channels of pages and Instagram accounts.
fn platform(channel: Option<&str>) -> Option<Platform> {
    [Platform::Messenger, Platform::Instagram].into_iter().find(|known| channel == Some(known.name()))
}

fn whatsapp(channel: Option<&str>) -> Result<(), ControlError> {
    match channel {
        None | Some("whatsapp") => Ok(()),
        Some(_) => Err(ControlError::invalid("channel must be whatsapp, messenger, instagram, text or rcs")),
    }
}

fn phone(sandbox: &Sandbox, id: &str) -> Result<Arc<Phone>, ControlError> {
    sandbox.directory.phone_by_any(id).ok_or_else(|| ControlError::not_found("phone number"))
}
