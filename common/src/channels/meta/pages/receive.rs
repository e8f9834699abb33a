//! Takes a webhook apart: one raw event for each thing that an entry tells, and for each file of a message; none left out.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::addresses;
use crate::channels::meta::payloads::integer;
use crate::channels::{EventKind, RawEvent, Unparsed, raw_json};

/// Most events of one body. It bounds what a forged body can cost.
const EVENT_LIMIT: usize = 10_000;
/// Most characters of an id that makes a key.
const ID_LIMIT: usize = 255;
/// Most files of a message; a forged one may name more.
const MOST_FILES: usize = 30;
/// What an element tells beside its subject.
const SURROUNDINGS: &[&str] = &["sender", "recipient", "timestamp"];
/// What of a message each of its further files needs to be worked off alone.
const SHARED: &[&str] = &["mid", "is_echo", "app_id", "metadata"];

/// Takes a body apart. Nothing in it is believed until its signature is checked.
///
/// # Errors
/// The body is no webhook of this object, or has more events than any provider sends.
pub(in crate::channels) fn split(object: &str, body: &[u8]) -> Result<Vec<RawEvent>, Unparsed> {
    let mut root = raw_json::read(body).map_err(|error| unparsed(format!("not JSON: {error}")))?;
    if root["object"] != object {
        return Err(unparsed(format!("object is not {object}")));
    }
    let Some(Value::Array(entries)) = root.get_mut("entry").map(Value::take) else {
        return Err(unparsed("entry is not a list"));
    };
    let mut events = Vec::new();
    for mut entry in entries {
        raw_json::make_storable(&mut entry);
        split_entry(entry, &mut events);
        if events.len() > EVENT_LIMIT {
            return Err(unparsed(format!("more than {EVENT_LIMIT} events")));
        }
    }
    Ok(events)
}

fn unparsed(reason: impl Into<String>) -> Unparsed {
    Unparsed { reason: reason.into() }
}

fn split_entry(mut entry: Value, events: &mut Vec<RawEvent>) {
    let resource = shortened(id(&entry["id"]));
    let mut told = false;
    // `standby`: another app has the conversation at the moment, and we are told of it all the same.
    for list in ["messaging", "standby", "changes"] {
        let Some(Value::Array(items)) = entry.get_mut(list).map(Value::take) else { continue };
        for item in items {
            told = true;
            match item {
                Value::Object(item) if list != "changes" => Element::new(&resource, item).split(events),
                item => events.push(other(resource.clone(), String::new(), list, item)),
            }
        }
    }
    if !told {
        events.push(other(resource, String::new(), "entry", entry));
    }
}

/// One thing that happened between a contact and a page or account.
struct Element {
    resource: String,
    address: String,
    around: Map<String, Value>,
    subjects: Map<String, Value>,
}

impl Element {
    fn new(resource: &str, mut item: Map<String, Value>) -> Self {
        let party = |item: &Map<String, Value>, name: &str| item.get(name).and_then(addresses::of_webhook);
        let (from, to) = (party(&item, "sender"), party(&item, "recipient"));
        let ours = from.as_deref() == Some(resource);
        let address = if ours { to } else { from }.unwrap_or_default();
        let mut around = Map::new();
        for name in SURROUNDINGS {
            if let Some(value) = item.remove(*name) {
                around.insert((*name).to_owned(), value);
            }
        }
        Self { resource: resource.to_owned(), address, around, subjects: item }
    }

    fn split(mut self, events: &mut Vec<RawEvent>) {
        let subjects = std::mem::take(&mut self.subjects);
        if subjects.is_empty() {
            let around = Value::Object(std::mem::take(&mut self.around));
            events.push(other(self.resource, self.address, "nothing", around));
            return;
        }
        for (name, subject) in subjects {
            match name.as_str() {
                "message" if subject.is_object() => self.message(subject, events),
                "delivery" if subject.is_object() => self.delivery(subject, events),
                "read" if subject.is_object() => self.read(subject, events),
                "message_edit" => {
                    let key =
                        format!("edit|{}|{}", key_id(&subject["mid"], &subject), id(&subject["num_edit"]));
                    events.push(self.raw(EventKind::Message, key, &name, subject));
                }
                "postback" => {
                    let key = format!("postback|{}", self.key_of(&subject));
                    events.push(self.raw(EventKind::Message, key, &name, subject));
                }
                // Neither has an id of its own: what it says, and when, makes it one thing.
                "reaction" | "referral" => {
                    let key = format!("{name}|{}", self.digest(&subject));
                    events.push(self.raw(EventKind::Message, key, &name, subject));
                }
                _ => {
                    let payload = self.payload(&name, subject);
                    events.push(other(self.resource.clone(), self.address.clone(), &name, payload));
                }
            }
        }
    }

    /// The message, and each of its further files as a message of its own.
    fn message(&self, mut message: Value, events: &mut Vec<RawEvent>) {
        let mid = key_id(&message["mid"], &message);
        let word = match (message["is_deleted"] == true, message["is_echo"] == true) {
            (true, _) => "deleted",
            (false, true) => "echo",
            (false, false) => "message",
        };
        let mut files = shown_files(&mut message);
        if files.len() > MOST_FILES {
            // Kept with the first, and shown by nobody.
            message["attachments"] = files.split_off(MOST_FILES).into();
        }
        let mut files = files.into_iter();
        if let Some(first) = files.next() {
            message["attachment"] = first;
        }
        let shared: Map<String, Value> = SHARED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), message.get(*name)?.clone())))
            .collect();
        events.push(self.raw(EventKind::Message, format!("{word}|{mid}"), "message", message));
        for (n, file) in (1..).zip(files) {
            let mut further = shared.clone();
            further.insert("attachment".into(), file);
            further.insert("file".into(), json!(n));
            let key = format!("{word}|{mid}|{n}");
            events.push(self.raw(EventKind::Message, key, "message", further.into()));
        }
    }

    /// What arrived: each message that is named, and everything before a time.
    fn delivery(&self, delivery: Value, events: &mut Vec<RawEvent>) {
        for mid in delivery["mids"].as_array().into_iter().flatten().filter(|mid| mid.is_string()) {
            let key = format!("delivered|{}", key_id(mid, mid));
            events.push(self.raw(EventKind::Status, key, "delivered", json!({ "mid": mid })));
        }
        if !delivery["watermark"].is_null() {
            let key = format!("delivery|{}|{}", self.address, shortened(id(&delivery["watermark"])));
            events.push(self.raw(EventKind::Status, key, "delivery", delivery));
        }
    }

    /// What was read: everything before a time, or one message and everything before that.
    fn read(&self, read: Value, events: &mut Vec<RawEvent>) {
        if read["mid"].is_string() {
            let mid = key_id(&read["mid"], &read);
            // By itself first: it waits for its message if nobody has recorded that yet.
            events.push(self.raw(
                EventKind::Status,
                format!("seen|{mid}"),
                "seen",
                json!({ "mid": read["mid"] }),
            ));
        }
        let mark = [&read["watermark"], &read["mid"]].into_iter().map(id).find(|mark| !mark.is_empty());
        let mark = mark.map_or_else(|| self.digest(&read), shortened);
        events.push(self.raw(EventKind::Status, format!("read|{}|{mark}", self.address), "read", read));
    }

    fn key_of(&self, subject: &Value) -> String {
        let mid = id(&subject["mid"]);
        if mid.is_empty() { format!("#{}", self.digest(subject)) } else { shortened(mid) }
    }

    /// A digest of a subject with who said it and when.
    fn digest(&self, subject: &Value) -> String {
        digest(&json!([self.around, subject]))
    }

    fn raw(&self, kind: EventKind, dedupe_key: String, name: &str, subject: Value) -> RawEvent {
        let payload = self.payload(name, subject);
        RawEvent { resource: self.resource.clone(), kind, address: self.address.clone(), dedupe_key, payload }
    }

    fn payload(&self, name: &str, subject: Value) -> Value {
        let mut payload = self.around.clone();
        // What has no id of its own is known by this.
        if matches!(name, "reaction" | "referral" | "postback") {
            payload.insert("digest".into(), self.digest(&subject).into());
        }
        payload.insert("contact".into(), self.address.clone().into());
        payload.insert(name.to_owned(), subject);
        payload.into()
    }
}

/// Takes the files out of a message. A sticker may be told twice, as a sticker and as a picture of it: once is enough.
fn shown_files(message: &mut Value) -> Vec<Value> {
    let Some(message) = message.as_object_mut() else { return Vec::new() };
    let Some(Value::Array(files)) = message.get_mut("attachments").map(Value::take) else {
        return Vec::new();
    };
    message.remove("attachments");
    let has_sticker = files.iter().any(|file| file["type"] == "sticker");
    let double =
        |file: &Value| has_sticker && file["type"] == "image" && !file["payload"]["sticker_id"].is_null();
    files.into_iter().filter(|file| !double(file)).collect()
}

/// An event that is kept and has no effect.
fn other(resource: String, address: String, name: &str, payload: Value) -> RawEvent {
    let dedupe_key = format!("other|{}|{}", shortened(name.to_owned()), digest(&payload));
    RawEvent { resource, kind: EventKind::Other, address, dedupe_key, payload }
}

/// A key made of an id, or of the whole where there is none.
fn key_id(value: &Value, whole: &Value) -> String {
    let id = id(value);
    if id.is_empty() { format!("#{}", digest(whole)) } else { shortened(id) }
}

fn digest(value: &Value) -> String {
    hex::encode(Sha256::digest(value.to_string()))
}

/// A text, or a number as text; anything else is empty.
fn id(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => integer(value).map(|number| number.to_string()).unwrap_or_default(),
    }
}

/// An id as it is, if it is short enough for a key; else one made of it.
fn shortened(id: String) -> String {
    if id.chars().count() <= ID_LIMIT { id } else { hex::encode(Sha256::digest(id.as_bytes())) }
}
