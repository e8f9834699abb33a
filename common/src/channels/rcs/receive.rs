//! Takes a webhook apart: each holds one event, in base64.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{addresses, verify};
use crate::channels::{EventKind, RawEvent, Unparsed, raw_json};

/// Most characters of an id that makes a key.
const ID_LIMIT: usize = 255;
/// What is told of a message of ours.
const STATUSES: &[&str] = &["DELIVERED", "READ", "TTL_EXPIRATION_REVOKED", "TTL_EXPIRATION_REVOKE_FAILED"];

/// Takes a webhook apart. Nothing in it is believed until its signature is checked; what stands around the event is not
/// signed, and not looked at.
///
/// # Errors
/// There is no event in it, or one that names no agent.
pub fn split(body: &[u8]) -> Result<Vec<RawEvent>, Unparsed> {
    let unparsed = |reason: &str| Unparsed { reason: reason.into() };
    let event = verify::event(body).ok_or_else(|| unparsed("the body holds no event"))?;
    let mut event = raw_json::read(&event).map_err(|_| unparsed("the event is not JSON"))?;
    raw_json::make_storable(&mut event);
    let agent = text(&event, "agentId").ok_or_else(|| unparsed("the event names no agent"))?;
    let word = text(&event, "eventType");
    let kind = match word {
        Some(word) if STATUSES.contains(&word) => EventKind::Status,
        Some(_) => EventKind::Other,
        None if text(&event, "senderPhoneNumber").is_some() => EventKind::Message,
        None => EventKind::Other,
    };
    let address = text(&event, "senderPhoneNumber").or_else(|| text(&event, "phoneNumber"));
    Ok(vec![RawEvent {
        resource: shortened(agent),
        kind,
        address: address.and_then(addresses::normal).unwrap_or_default(),
        dedupe_key: key(&event, kind, word),
        payload: event,
    }])
}

/// What makes an event unique: its own id, or that of the message with what happened to it.
fn key(event: &Value, kind: EventKind, word: Option<&str>) -> String {
    let message = text(event, "messageId").map(shortened);
    let own = text(event, "eventId").map(shortened);
    match (kind, message, own) {
        (EventKind::Message, Some(id), _) | (EventKind::Message, None, Some(id)) => format!("message|{id}"),
        (_, _, Some(id)) => format!("event|{id}"),
        (_, Some(id), None) => format!("event|{id}|{}", shortened(word.unwrap_or_default())),
        // Told twice, it is the same to the letter.
        (_, None, None) => format!("event|{}", hex::encode(Sha256::digest(event.to_string().as_bytes()))),
    }
}

/// A field that says something.
pub(super) fn text<'a>(event: &'a Value, name: &str) -> Option<&'a str> {
    event.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// An id as it is, if it is short enough for a key; else one made of it.
fn shortened(id: &str) -> String {
    if id.chars().count() <= ID_LIMIT { id.to_owned() } else { hex::encode(Sha256::digest(id.as_bytes())) }
}
