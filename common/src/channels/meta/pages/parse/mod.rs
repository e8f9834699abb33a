//! Understands one raw event: what a contact did, what the business did past us, or how messages of ours fare.

mod content;
mod marks;
mod referral;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{addresses, reactions};
use crate::channels::meta::payloads::integer;
use crate::channels::{Author, EventKind, InboundDeletion, InboundEdit, InboundEvent, InboundMessage};
use crate::domain::content::{Content, MessageContext, Postback, Reaction};

/// Most characters of a provider's id.
const ID_LIMIT: usize = 255;
/// Most characters of an emoji: some are put together of many.
const EMOJI_LIMIT: usize = 64;
/// The last second that four digits of a year can tell.
const LAST_SECOND: i64 = 253_402_300_799;

/// Understands a payload that [`super::receive::split`] made.
pub(in crate::channels) fn parse(
    kind: EventKind,
    payload: &Value,
    received_at: DateTime<Utc>,
) -> InboundEvent {
    let understood = match Told::of(payload, received_at) {
        None => Err("an event without a contact"),
        Some(told) => match kind {
            EventKind::Message => told.event(),
            EventKind::Status => marks::understand(&told),
            EventKind::Other => Err("nothing here acts on it"),
        },
    };
    understood.unwrap_or_else(|reason| InboundEvent::Ignored { reason })
}

/// What is told, of which contact, and when it happened.
struct Told<'a> {
    payload: &'a Value,
    contact: String,
    at: DateTime<Utc>,
}

type Understood = Result<InboundEvent, &'static str>;

impl<'a> Told<'a> {
    fn of(payload: &'a Value, received_at: DateTime<Utc>) -> Option<Self> {
        let contact = payload["contact"].as_str().and_then(addresses::of_client)?;
        Some(Self { payload, contact, at: time(&payload["timestamp"]).unwrap_or(received_at) })
    }

    fn event(self) -> Understood {
        let names = ["message", "message_edit", "reaction", "postback", "referral"];
        let name = names.into_iter().find(|name| self.payload[name].is_object());
        let subject = name.map_or(&Value::Null, |name| &self.payload[name]);
        match name {
            Some("message") if subject["is_deleted"] == true => self.deleted(subject),
            Some("message") => self.message(subject),
            Some("message_edit") => self.edited(subject),
            Some("reaction") => self.reaction(subject),
            Some("postback") => self.postback(subject),
            Some("referral") => self.referral(subject),
            _ => Err("nothing is told"),
        }
    }

    fn message(self, message: &Value) -> Understood {
        let mid = mid(message)?;
        let file = message["file"].as_u64().unwrap_or(0);
        let echo = message["is_echo"] == true;
        let story = referral::of_story(&message["reply_to"]["story"]);
        let referral = referral::of(&message["referral"]).or(story);
        let context =
            referral.map(|referral| MessageContext { referral: Some(referral), ..MessageContext::default() });
        let correlation = message["metadata"].as_str().and_then(|text| Uuid::try_parse(text).ok());
        Ok(self.inbound(InboundMessage {
            // Each file beyond the first is a message of ours, and the provider's id is that of all.
            provider_id: if file == 0 { mid } else { format!("{mid}#{file}") },
            author: if echo { Author::Business } else { Author::Contact },
            content: content::content(message),
            reply_to: id(&message["reply_to"]["mid"]),
            context,
            opens_window: !echo,
            correlation: correlation.filter(|_| echo),
            ..InboundMessage::default()
        }))
    }

    fn postback(self, postback: &Value) -> Understood {
        let title = text(&postback["title"]);
        let payload = text(&postback["payload"]).or_else(|| title.clone());
        let payload = payload.ok_or("a postback that says nothing")?;
        let referral = referral::of(&postback["referral"]);
        Ok(self.inbound(InboundMessage {
            provider_id: self.id_of("postback", postback)?,
            content: Content::Postback(Postback { payload, title }),
            context: referral.map(|it| MessageContext { referral: Some(it), ..MessageContext::default() }),
            opens_window: true,
            ..InboundMessage::default()
        }))
    }

    fn referral(self, told: &Value) -> Understood {
        let referral = referral::of(told).ok_or("a referral that says nothing")?;
        Ok(self.inbound(InboundMessage {
            provider_id: self.id_of("referral", told)?,
            content: Content::Referral(referral),
            opens_window: true,
            ..InboundMessage::default()
        }))
    }

    fn reaction(self, reaction: &Value) -> Understood {
        let target = mid(reaction)?;
        let removed = reaction["action"] == "unreact";
        let word = || reactions::emoji(reaction["reaction"].as_str().unwrap_or_default()).map(str::to_owned);
        let emoji = if removed { Some(String::new()) } else { text(&reaction["emoji"]).or_else(word) };
        let emoji = emoji.filter(|emoji| emoji.chars().count() <= EMOJI_LIMIT);
        Ok(self.inbound(InboundMessage {
            provider_id: self.id_of("reaction", &Value::Null)?,
            content: Content::Reaction(Reaction {
                message_id: None,
                emoji: emoji.ok_or("a reaction without an emoji")?,
            }),
            reaction_to: Some(target),
            opens_window: !removed,
            ..InboundMessage::default()
        }))
    }

    fn edited(self, edit: &Value) -> Understood {
        let content = text(&edit["text"]).map(Content::text).ok_or("an edit without words")?;
        let (author, addresses) = (Author::Contact, vec![self.contact]);
        let edit = InboundEdit { author, addresses, target: mid(edit)?, at: self.at, content };
        Ok(InboundEvent::Edited(Box::new(edit)))
    }

    fn deleted(self, message: &Value) -> Understood {
        let author = if message["is_echo"] == true { Author::Business } else { Author::Contact };
        let (target, addresses) = (mid(message)?, vec![self.contact]);
        Ok(InboundEvent::Deleted(InboundDeletion { author, addresses, target, at: self.at }))
    }

    fn inbound(&self, message: InboundMessage) -> InboundEvent {
        let addresses = vec![self.contact.clone()];
        InboundEvent::Message(Box::new(InboundMessage { addresses, at: self.at, ..message }))
    }

    /// The provider's id of what may have none; then one of ours, the same each time it is told.
    fn id_of(&self, name: &str, subject: &Value) -> Result<String, &'static str> {
        let digest = || text(&self.payload["digest"]).map(|digest| format!("{name}#{digest}"));
        id(&subject["mid"]).or_else(digest).ok_or("an event without an id")
    }
}

/// The id of a message, with room for the number of a file behind it.
fn mid(subject: &Value) -> Result<String, &'static str> {
    id(&subject["mid"]).ok_or("a message without an id")
}

fn id(value: &Value) -> Option<String> {
    text(value).filter(|text| text.chars().count() <= ID_LIMIT - 3)
}

/// A text that says something.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text or a number as a text that says something.
fn word(value: &Value) -> Option<String> {
    text(value).or_else(|| integer(value).map(|number| number.to_string()))
}

/// Milliseconds since 1970, or seconds if there are fewer than 13 digits.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    let time = match integer(value)? {
        number @ 1_000_000_000_000.. => DateTime::from_timestamp_millis(number),
        number @ 1.. => DateTime::from_timestamp(number, 0),
        _ => None,
    };
    time.filter(|time| time.timestamp() <= LAST_SECOND)
}
