//! What a contact does on Messenger or Instagram, and what the business writes in the page's own inbox.

use std::sync::{Arc, OnceLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::message::{Message, mint};
use super::page::{Page, Platform};
use super::send::read_by;
use super::tell::tell;
use crate::clock::Micros;
use crate::control::error::ControlError;
use crate::control::files;
use crate::media::bare_mime_type;
use crate::message::{Progress, Step};
use crate::sandbox::Sandbox;

/// The app of the page's own inbox.
const PAGE_INBOX: u64 = 263_902_037_430_900;

/// Who speaks, to which page, and where files can be fetched.
#[derive(Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub platform: Platform,
    pub contact: &'a str,
    pub to: &'a str,
    pub host: &'a str,
    pub business: bool,
}

/// Does something as a contact: `kind` says what, and the object of that name how.
pub(crate) fn speak(
    sandbox: &Arc<Sandbox>,
    speaker: Speaker<'_>,
    kind: &str,
    rest: &Map<String, Value>,
) -> Result<String, ControlError> {
    let page = page(sandbox, speaker.platform, speaker.to)?;
    let object = rest.get(kind).cloned().unwrap_or_default();
    let mid = mint(speaker.platform);
    let mut said = match kind {
        "text" => json!({"message": {"mid": mid, "text": object["body"]}}),
        "image" | "video" | "audio" | "file" => {
            let mut files = vec![file(sandbox, &page, speaker.host, (kind, &object))?];
            for more in rest.get("files").and_then(Value::as_array).into_iter().flatten() {
                files.push(file(
                    sandbox,
                    &page,
                    speaker.host,
                    (more["type"].as_str().unwrap_or("file"), more),
                )?);
            }
            json!({"message": {"mid": mid, "attachments": files}})
        }
        "location" => {
            json!({"message": {"mid": mid, "attachments": [{"type": "location", "payload": {"coordinates": object}}]}})
        }
        "quick_reply" => {
            json!({"message": {"mid": mid, "text": object["title"], "quick_reply": {"payload": object["payload"]}}})
        }
        "story_reply" => json!({"message": {"mid": mid, "text": object["text"],
            "reply_to": {"story": {"url": object["url"], "id": object["id"]}}}}),
        "story_mention" => {
            json!({"message": {"mid": mid, "attachments": [{"type": "story_mention", "payload": {"url": object["url"]}}]}})
        }
        "unsend" => json!({"message": {"mid": object["mid"], "is_deleted": true}}),
        "edit" => json!({"message_edit": {"mid": object["mid"], "text": object["text"], "num_edit": 1}}),
        "postback" => {
            json!({"postback": {"mid": mid, "title": object["title"], "payload": object["payload"]}})
        }
        "reaction" => json!({"reaction": reaction(&object)}),
        "referral" => json!({"referral": object}),
        // Anything else of a message, as the test writes it.
        "message" => {
            let mut message = object.clone();
            message["mid"] = json!(mid);
            json!({"message": message})
        }
        kind => return Err(ControlError::invalid(format!("nobody can do {kind} here"))),
    };
    if let Some(quoted) = rest.get("reply_to") {
        said["message"]["reply_to"] = quoted.clone();
    }
    Ok(write(sandbox, &page, speaker, (mid, said)))
}

fn reaction(object: &Value) -> Value {
    let emoji = object["emoji"].as_str().unwrap_or_default();
    if emoji.is_empty() {
        return json!({"mid": object["mid"], "action": "unreact"});
    }
    json!({"mid": object["mid"], "action": "react", "reaction": "other", "emoji": emoji})
}

fn page(sandbox: &Sandbox, platform: Platform, id: &str) -> Result<Arc<Page>, ControlError> {
    let page = sandbox.pages.find(id).filter(|page| page.config().platform == platform);
    page.ok_or_else(|| ControlError::not_found("page"))
}

fn file(
    sandbox: &Sandbox,
    page: &Page,
    host: &str,
    (kind, object): (&str, &Value),
) -> Result<Value, ControlError> {
    if let Some(url) = object["url"].as_str() {
        return Ok(json!({"type": kind, "payload": {"url": url}}));
    }
    let bytes = object["data"].as_str().and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.ok_or_else(|| ControlError::invalid("a file needs url, or data in base64"))?;
    let mime_type = bare_mime_type(object["mime_type"].as_str().unwrap_or("application/octet-stream"));
    let stored = sandbox.media.put(&page.config().id, &mime_type, bytes.into());
    let stored = stored.ok_or_else(|| ControlError::invalid("data is larger than the media store"))?;
    Ok(json!({"type": kind, "payload": {"url": format!("http://{host}/page-files/{}", stored.id)}}))
}

fn write(
    sandbox: &Arc<Sandbox>,
    page: &Arc<Page>,
    speaker: Speaker<'_>,
    (mid, mut said): (String, Value),
) -> String {
    let now = sandbox.clock.now();
    if speaker.business {
        said["message"]["is_echo"] = json!(true);
        said["message"]["app_id"] = json!(PAGE_INBOX);
    }
    let message = Arc::new(Message {
        n: 0,
        sequence: sandbox.next_sequence(),
        page: speaker.to.into(),
        platform: speaker.platform,
        contact: speaker.contact.into(),
        inbound: !speaker.business,
        mid: mid.as_str().into(),
        correlation: None,
        body: said.clone(),
        raw: Box::default(),
        at: now,
        progress: Progress::at(Step::Delivered),
        fetched: OnceLock::new(),
    });
    let taken_back = said["message"]["is_deleted"] == true || said["reaction"]["action"] == "unreact";
    {
        let mut chats = page.chats.lock();
        let chat = chats.entry(speaker.contact.to_owned()).or_default();
        if !speaker.business && !taken_back && said["message_edit"].is_null() {
            chat.wrote_at = Some(now);
        }
        chat.add(message);
    }
    tell(sandbox, page, speaker.contact, (now, element(sandbox, speaker, said, now)));
    mid
}

fn element(sandbox: &Sandbox, speaker: Speaker<'_>, mut said: Value, now: Micros) -> Value {
    let (from, to) =
        if speaker.business { (speaker.to, speaker.contact) } else { (speaker.contact, speaker.to) };
    said["sender"] = json!({"id": from});
    said["recipient"] = json!({"id": to});
    said["timestamp"] = json!(sandbox.clock.utc(now).timestamp_millis());
    said
}

/// Reads, as a contact, what the business wrote; says how many messages that were.
pub(crate) fn read(
    sandbox: &Arc<Sandbox>,
    platform: Platform,
    (contact, to): (&str, &str),
) -> Result<usize, ControlError> {
    let page = page(sandbox, platform, to)?;
    let unread: Vec<Arc<Message>> = {
        let chats = page.chats.lock();
        let messages = chats.get(contact).map(|chat| chat.messages.clone()).unwrap_or_default();
        messages
            .into_iter()
            .filter(|message| !message.inbound && message.progress.get() < Step::Read)
            .collect()
    };
    for message in &unread {
        message.progress.reach(Step::Read);
    }
    sandbox.changes.tell();
    let told = unread.last().and_then(|last| read_by(sandbox, &page, last));
    if let Some(element) = told {
        tell(sandbox, &page, contact, (sandbox.clock.now(), element));
    }
    Ok(unread.len())
}

/// Both sides of a contact's conversations, as the contact's phone shows them.
pub(crate) fn chat(sandbox: &Sandbox, platform: Platform, contact: &str, with: Option<&str>) -> Vec<Value> {
    let mut found: Vec<Arc<Message>> = Vec::new();
    for page in sandbox.pages.all() {
        let config = page.config();
        if config.platform == platform && with.is_none_or(|with| with == config.id) {
            found
                .extend(page.chats.lock().get(contact).map(|chat| chat.messages.clone()).unwrap_or_default());
        }
    }
    found.sort_by_key(|message| message.sequence);
    let view = |message: &Arc<Message>| {
        let fetched = message.fetched.get();
        json!({
            "n": message.sequence,
            "files": fetched.map(|file| files::view(file)).into_iter().collect::<Vec<_>>(),
            "from": if message.inbound { "contact" } else { "business" },
            "with": message.page,
            "id": message.mid,
            "type": platform.name(),
            "message": message.body,
            "status": message.progress.get().name(),
            "at": sandbox.clock.rfc3339(message.at),
        })
    };
    found.iter().map(view).collect()
}
