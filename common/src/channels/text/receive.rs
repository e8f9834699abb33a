//! Takes a webhook apart: a message with its files, or how a message of ours fares.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::{ATTEMPT, RESOURCE, addresses, form, words};
use crate::channels::{EventKind, RawEvent, Unparsed};

/// Most files of a message.
const MOST_FILES: u64 = 10;
/// Most characters of an id that makes a key.
const ID_LIMIT: usize = 255;
/// What a file needs of its message to be worked off alone.
const SHARED: &[&str] = &["MessageSid", "SmsSid", "AccountSid", "From", "To", "ProfileName"];

/// Takes a form apart, with the query of the address that it came to. Nothing in it is believed until its signature is
/// checked.
///
/// # Errors
/// The form names no message.
pub fn split(query: &str, body: &[u8]) -> Result<Vec<RawEvent>, Unparsed> {
    let parameters = Value::Object(form::parameters(body));
    let sid = ["MessageSid", "SmsSid", "SmsMessageSid"].iter().find_map(|name| form::text(&parameters, name));
    let Some(sid) = sid else { return Err(Unparsed { reason: "the form names no message".into() }) };
    let sid = shortened(sid);
    let status = form::text(&parameters, "MessageStatus").or_else(|| form::text(&parameters, "SmsStatus"));
    match status {
        // A message from a contact has a status too.
        None | Some("received" | "receiving") => Ok(messages(&sid, &parameters)),
        Some(status) => {
            let status = shortened(status);
            Ok(vec![of_status((&sid, &status), query, &parameters)])
        }
    }
}

/// The message; each of its further files as a message of its own; and the contact's wish, if it is one.
fn messages(sid: &str, parameters: &Value) -> Vec<RawEvent> {
    let resource = resource(parameters, "To");
    let address = form::text(parameters, "From").and_then(addresses::normal).unwrap_or_default();
    let raw = |kind, key: String, payload| RawEvent {
        resource: resource.clone(),
        kind,
        address: address.clone(),
        dedupe_key: key,
        payload,
    };
    let files = form::text(parameters, "NumMedia").and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    let further: Vec<Value> = (1..files.min(MOST_FILES)).map(|file| of_file(parameters, file)).collect();
    let body = form::text(parameters, "Body").unwrap_or_default();
    let stops = words::stops(form::text(parameters, "OptOutType"), body);
    let mut events =
        vec![raw(EventKind::Message, format!("message|{sid}"), json!({ "message": parameters }))];
    for (file, payload) in (1..).zip(further) {
        events.push(raw(EventKind::Message, format!("message|{sid}|{file}"), payload));
    }
    // After the message: it may be what makes the contact known.
    if let Some(stops) = stops {
        let payload = json!({ "wish": { "stops": stops, "from": address } });
        events.push(raw(EventKind::Other, format!("wish|{sid}"), payload));
    }
    events
}

/// The payload of a message's further file.
fn of_file(parameters: &Value, file: u64) -> Value {
    let mut shared = Map::new();
    let named = [format!("MediaUrl{file}"), format!("MediaContentType{file}")];
    for name in SHARED.iter().copied().chain(named.iter().map(String::as_str)) {
        if let Some(value) = parameters.get(name) {
            shared.insert(name.to_owned(), value.clone());
        }
    }
    json!({ "message": shared, "file": file })
}

fn of_status((sid, status): (&str, &str), query: &str, parameters: &Value) -> RawEvent {
    let find = |name: &str| {
        let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.replace('\0', "\u{fffd}"))
    };
    let error = form::text(parameters, "ErrorCode").map(shortened).unwrap_or_default();
    let named = find(RESOURCE).filter(|resource| !resource.is_empty());
    RawEvent {
        resource: named.map_or_else(|| resource(parameters, "From"), |named| shortened(&named)),
        kind: EventKind::Status,
        address: form::text(parameters, "To").and_then(addresses::normal).unwrap_or_default(),
        dedupe_key: format!("status|{sid}|{status}|{error}"),
        payload: json!({ "status": parameters, "attempt": find(ATTEMPT) }),
    }
}

/// The resource of ours in a parameter, else the account.
fn resource(parameters: &Value, name: &str) -> String {
    let account = form::text(parameters, "AccountSid").map(shortened).unwrap_or_default();
    match form::text(parameters, name) {
        Some(sender) => addresses::resource(&account, &shortened(sender)),
        None => account,
    }
}

/// An id as it is, if it is short enough for a key; else one made of it.
fn shortened(id: &str) -> String {
    if id.chars().count() <= ID_LIMIT { id.to_owned() } else { hex::encode(Sha256::digest(id.as_bytes())) }
}
