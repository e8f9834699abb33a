//! What a contact texts, and what both sides have texted.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use reqwest::Url;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::callback;
use super::message::{Message, State, mint};
use super::segments;
use crate::control::error::ControlError;
use crate::control::files;
use crate::media::{Medium, bare_mime_type};
use crate::sandbox::Sandbox;

/// Words that stop a sender's texts, and that begin them again.
const STOP: [&str; 6] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];

/// Texts a sender of ours as a contact: `text`, or a file with its words, and further files in `media`.
pub(crate) fn speak(
    sandbox: &Arc<Sandbox>,
    (contact, host): (&str, &str),
    (to, kind): (&str, &str),
    rest: &Map<String, Value>,
) -> Result<String, ControlError> {
    let account = sandbox.texts.of_sender(to).ok_or_else(|| ControlError::not_found("number for texts"))?;
    let object = rest.get(kind).unwrap_or(&Value::Null);
    let words = match kind {
        "text" => object["body"].as_str().unwrap_or_default(),
        _ => object["caption"].as_str().unwrap_or_default(),
    };
    let mut given: Vec<&Value> = if kind == "text" { Vec::new() } else { vec![object] };
    given.extend(rest.get("media").and_then(Value::as_array).into_iter().flatten());
    let sid = account.config().account_sid.clone();
    let files = given.into_iter().map(|file| store(sandbox, &sid, file)).collect::<Result<Vec<_>, _>>()?;
    if words.is_empty() && files.is_empty() {
        return Err(ControlError::invalid(format!("a message of type {kind} needs {kind}")));
    }
    Ok(write(sandbox, &account, (contact, host), (to, words), files))
}

fn store(sandbox: &Sandbox, account: &str, file: &Value) -> Result<Arc<Medium>, ControlError> {
    let bytes = file["data"].as_str().and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.ok_or_else(|| ControlError::invalid("data must be base64"))?;
    let mime_type = file["mime_type"].as_str().unwrap_or("application/octet-stream");
    let stored = sandbox.media.put(account, &bare_mime_type(mime_type), bytes.into());
    stored.ok_or_else(|| ControlError::invalid("data is larger than the media store"))
}

fn write(
    sandbox: &Arc<Sandbox>,
    account: &Arc<Account>,
    (contact, host): (&str, &str),
    (to, words): (&str, &str),
    files: Vec<Arc<Medium>>,
) -> String {
    // A short code is a number without a plus sign.
    let from = if contact.len() > 6 { format!("+{contact}") } else { contact.to_owned() };
    let word = words.trim().to_ascii_uppercase();
    let stops = match word.as_str() {
        word if STOP.contains(&word) => Some(true),
        word if START.contains(&word) => Some(false),
        _ => None,
    };
    let now = sandbox.clock.now();
    let message = Arc::new(Message {
        n: 0,
        sequence: sandbox.next_sequence(),
        sid: mint(if files.is_empty() { "SM" } else { "MM" }).into(),
        account: account.config().account_sid.as_str().into(),
        inbound: true,
        from: from.as_str().into(),
        to: to.into(),
        service: None,
        body: words.into(),
        segments: segments::number(words),
        files_asked: files.len(),
        callback: None,
        correlation: None,
        form: Box::default(),
        at: now,
        state: Mutex::new(State { status: "received", error: None, updated: now, files }),
    });
    {
        let mut book = account.book.lock();
        if let Some(stops) = stops {
            book.stop(to, &from, stops);
        }
        book.add(message.clone());
    }
    tell(sandbox, account, &message, (stops, host));
    message.sid.to_string()
}

fn tell(
    sandbox: &Arc<Sandbox>,
    account: &Arc<Account>,
    message: &Arc<Message>,
    (stops, host): (Option<bool>, &str),
) {
    let config = account.config();
    let Some(url) = config.webhook_url.as_deref().and_then(|url| Url::parse(url).ok()) else { return };
    let sid = message.sid.to_string();
    let mut form: Vec<(String, String)> = [
        ("MessageSid", sid.clone()),
        ("SmsSid", sid.clone()),
        ("SmsMessageSid", sid),
        ("AccountSid", message.account.to_string()),
        ("From", message.from.to_string()),
        ("To", message.to.to_string()),
        ("Body", message.body.to_string()),
        ("NumSegments", message.segments.to_string()),
        ("SmsStatus", "received".to_owned()),
        ("ApiVersion", super::message::VERSION.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let files = message.state.lock().files.clone();
    form.push(("NumMedia".into(), files.len().to_string()));
    for (number, file) in files.iter().enumerate() {
        let url = format!("http://{host}{}/Media/{}", message.path(), Message::file_sid(file));
        form.push((format!("MediaUrl{number}"), url));
        form.push((format!("MediaContentType{number}"), file.mime_type.clone()));
    }
    if let Some(stops) = stops.filter(|_| config.advanced_opt_out) {
        form.push(("OptOutType".into(), if stops { "STOP" } else { "START" }.into()));
    }
    let (sandbox, account, message) = (sandbox.clone(), account.clone(), message.clone());
    sandbox.webhooks.clone().spawn(async move {
        let form = form.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if callback::post(&sandbox, &account, url, form).await {
            message.state.lock().status = "delivered";
            sandbox.changes.tell();
        }
    });
}

/// Both sides of a contact's chats, as the contact's phone shows them.
pub(crate) fn chat(sandbox: &Sandbox, contact: &str, with: Option<&str>) -> Vec<Value> {
    let mut found: Vec<Arc<Message>> = Vec::new();
    for account in sandbox.texts.all() {
        let book = account.book.lock();
        let theirs = book.newest_first().filter(|message| {
            message.contact() == contact && with.is_none_or(|with| with == message.sender())
        });
        found.extend(theirs.cloned());
    }
    found.sort_by_key(|message| message.sequence);
    let keep = sandbox.behaviour.get().chat_history;
    found.drain(..found.len().saturating_sub(keep));
    let view = |message: &Arc<Message>| {
        let state = message.state.lock();
        let kind = if message.files_asked > 0 { "media" } else { "text" };
        let files: Vec<Value> = state.files.iter().map(|file| files::view(file)).collect();
        json!({
            "n": message.sequence,
            "from": if message.inbound { "contact" } else { "business" },
            "with": message.sender(),
            "id": message.sid,
            "type": kind,
            "message": { "type": kind, "text": { "body": message.body }, "files": files.len() },
            "files": files,
            "status": state.status,
            "error": state.error,
            "at": sandbox.clock.rfc3339(message.at),
        })
    };
    found.iter().map(view).collect()
}
