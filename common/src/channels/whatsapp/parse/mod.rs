//! Understands one raw event: what a contact or the business's own phone did, or how a message of ours fares.

mod answers;
mod cards;
mod content;
mod context;
mod status;
mod wish;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::addresses;
use crate::channels::meta::payloads::integer;
use crate::channels::{Author, EventKind, InboundDeletion, InboundEdit, InboundEvent, InboundMessage};
use crate::domain::content::{Content, Unsupported};

/// Most characters of a provider's id.
const ID_LIMIT: usize = 255;
/// Most characters of a contact's name.
const NAME_LIMIT: usize = 255;
/// The last second that four digits of a year can tell.
const LAST_SECOND: i64 = 253_402_300_799;

/// Understands a payload that [`super::receive::split`] made.
pub fn parse(kind: EventKind, payload: &Value) -> InboundEvent {
    let understood = match kind {
        EventKind::Message if payload.get("echo").is_some() => Told::by_business(payload).event(),
        EventKind::Message => Told::by_contact(payload).event(),
        EventKind::Status => status::status(&payload["status"]).map(InboundEvent::Status),
        EventKind::Other if payload["preference"].is_object() => {
            wish::wish(&payload["preference"]).map(InboundEvent::Wish)
        }
        EventKind::Other => Err("nothing here acts on it"),
    };
    understood.unwrap_or_else(|reason| InboundEvent::Ignored { reason })
}

/// A message as the provider tells it, with what it tells of the contact.
struct Told<'a> {
    author: Author,
    message: &'a Value,
    contact: &'a Value,
    addresses: Vec<String>,
}

impl<'a> Told<'a> {
    fn by_contact(payload: &'a Value) -> Self {
        let (message, contact) = (&payload["message"], &payload["contact"]);
        let known = [&message["from"], &contact["wa_id"], &message["from_user_id"], &contact["user_id"]];
        Self { author: Author::Contact, message, contact, addresses: addresses::distinct(known) }
    }

    /// An echo of what the business sent from its phone.
    fn by_business(payload: &'a Value) -> Self {
        let (message, contact) = (&payload["echo"], &payload["contact"]);
        let known = [&message["to"], &contact["wa_id"], &message["to_user_id"], &contact["user_id"]];
        Self { author: Author::Business, message, contact, addresses: addresses::distinct(known) }
    }

    fn event(self) -> Result<InboundEvent, &'static str> {
        let provider_id = id(&self.message["id"]).ok_or("a message without an id")?;
        if self.addresses.is_empty() {
            return Err("a message without a contact");
        }
        if id(&self.message["group_id"]).is_some() {
            // Whoever answers a contact's message in a group would answer past the group.
            let content = unsupported(self.message, Some("A message in a group"));
            return Ok(self.message(provider_id, content, false));
        }
        let (author, at) = (self.author, time(&self.message["timestamp"]));
        let changed = match self.message["type"].as_str() {
            Some("edit") => Some(&self.message["edit"]),
            Some("revoke") => Some(&self.message["revoke"]),
            _ => None,
        };
        let target = changed.and_then(|changed| id(&changed["original_message_id"]));
        match (changed, target) {
            (Some(edit), Some(target)) if edit["message"].is_object() => {
                let told = &edit["message"];
                let content =
                    content::edited(told).unwrap_or_else(|| unsupported(told, content::reason(told)));
                let edit = InboundEdit { author, addresses: self.addresses, target, at, content };
                Ok(InboundEvent::Edited(Box::new(edit)))
            }
            (Some(_), Some(target)) if self.message["type"] == "revoke" => {
                let addresses = self.addresses;
                Ok(InboundEvent::Deleted(InboundDeletion { author, addresses, target, at }))
            }
            _ => {
                let told = self.message;
                let content =
                    content::content(told).unwrap_or_else(|| unsupported(told, content::reason(told)));
                Ok(self.message(provider_id, content, true))
            }
        }
    }

    fn message(self, provider_id: String, content: Content, opens_window: bool) -> InboundEvent {
        let (message, business) = (self.message, self.author == Author::Business);
        let is_reaction = matches!(content, Content::Reaction(_));
        let is_system = matches!(content, Content::System(_));
        let new_address = if is_system { context::new_address(&message["system"]) } else { None };
        InboundEvent::Message(Box::new(InboundMessage {
            provider_id,
            author: self.author,
            addresses: self.addresses,
            name: name(&self.contact["profile"]),
            at: time(&message["timestamp"]),
            reply_to: id(&message["context"]["id"]),
            reaction_to: id(&message["reaction"]["message_id"]).filter(|_| is_reaction),
            context: context::context(message),
            new_address: new_address.filter(|_| !business),
            opens_window: opens_window && !business && !is_system,
            correlation: None,
            content,
        }))
    }
}

fn unsupported(message: &Value, reason: Option<impl Into<String>>) -> Content {
    Content::Unsupported(Unsupported { reason: reason.map(Into::into), raw: message.clone() })
}

fn id(value: &Value) -> Option<String> {
    let text =
        value.as_str().map(str::to_owned).or_else(|| integer(value).map(|number| number.to_string()))?;
    (1..=ID_LIMIT).contains(&text.chars().count()).then_some(text)
}

fn name(profile: &Value) -> Option<String> {
    let texts = [&profile["name"], &profile["username"]].into_iter().filter_map(Value::as_str).map(str::trim);
    texts.filter(|text| !text.is_empty()).map(|text| text.chars().take(NAME_LIMIT).collect()).next()
}

/// A text that says something.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A finite number, written as a number or as a text.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    number.filter(|number| number.is_finite())
}

/// Seconds since 1970, or milliseconds if there are 13 digits or more; now, for what is no time.
fn time(value: &Value) -> DateTime<Utc> {
    let number = integer(value).filter(|number| *number > 0);
    let time = number.and_then(|number| match number {
        1_000_000_000_000.. => DateTime::from_timestamp_millis(number),
        _ => DateTime::from_timestamp(number, 0),
    });
    time.filter(|time| time.timestamp() <= LAST_SECOND).unwrap_or_else(Utc::now)
}
