//! Understands one raw event: what a contact wrote, how a message of ours fares, or what the contact wants to get.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::receive::text;
use super::{addresses, errors};
use crate::channels::{Author, EventKind, InboundEvent, InboundMessage, StatusUpdate, Wish};
use crate::domain::contact::OptOut;
use crate::domain::content::{
    Choice, Content, Interactive, InteractiveKind, Location, Media, Postback, Unsupported,
};
use crate::domain::message::Status;

/// Most characters of a provider's id, and of a file's name.
const LIMIT: usize = 255;
/// Most characters of a file's address.
const URL_LIMIT: usize = 2048;

/// Understands an event that [`super::receive::split`] made; where the provider tells no time, that of its receipt counts.
pub fn parse(kind: EventKind, event: &Value, received_at: DateTime<Utc>) -> InboundEvent {
    let told = text(event, "sendTime").and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let at = told.map_or(received_at, |at| at.with_timezone(&Utc));
    let understood = match kind {
        EventKind::Message => message(event, at),
        EventKind::Status => status(event, at).map(InboundEvent::Status),
        EventKind::Other => wish(event, at).map(InboundEvent::Wish),
    };
    understood.unwrap_or_else(|reason| InboundEvent::Ignored { reason })
}

fn message(event: &Value, at: DateTime<Utc>) -> Result<InboundEvent, &'static str> {
    let id = text(event, "messageId").or_else(|| text(event, "eventId"));
    let id = id.filter(|id| id.chars().count() <= LIMIT).ok_or("a message without an id")?;
    let address = contact(event).ok_or("a message without a contact")?;
    Ok(InboundEvent::Message(Box::new(InboundMessage {
        provider_id: id.to_owned(),
        author: Author::Contact,
        addresses: vec![address],
        name: None,
        at,
        content: content(event),
        reply_to: None,
        reaction_to: None,
        context: None,
        new_address: None,
        opens_window: false,
        correlation: None,
    })))
}

fn contact(event: &Value) -> Option<String> {
    text(event, "senderPhoneNumber").and_then(addresses::normal)
}

fn content(event: &Value) -> Content {
    let known = if let Some(words) = text(event, "text") {
        Some(Content::text(words))
    } else if let Some(pressed) = event.get("suggestionResponse") {
        suggestion(pressed)
    } else if let Some(place) = event.get("location") {
        location(place)
    } else if let Some(sent) = event.get("userFile") {
        file(&sent["payload"])
    } else {
        None
    };
    known.unwrap_or_else(|| {
        let reason = Some("This kind of message is not known".into());
        Content::Unsupported(Unsupported { reason, raw: event.clone() })
    })
}

/// What the contact pressed: an answer, or something that its phone did.
fn suggestion(pressed: &Value) -> Option<Content> {
    let id = pressed["postbackData"].as_str()?;
    let title = text(pressed, "text").unwrap_or(id);
    Some(match text(pressed, "type") {
        Some("REPLY") => {
            let choice = Choice { id: id.to_owned(), title: title.to_owned(), description: None };
            Content::Interactive(Box::new(Interactive { interactive: InteractiveKind::ButtonReply(choice) }))
        }
        _ => Content::Postback(Postback { payload: id.to_owned(), title: Some(title.to_owned()) }),
    })
}

fn location(place: &Value) -> Option<Content> {
    // The provider leaves out what is zero.
    let degrees =
        |name: &str| place.get(name).map_or(Some(0.0), Value::as_f64).filter(|found| found.is_finite());
    let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
    place.is_object().then_some(())?;
    Some(Content::Location(Location { latitude, longitude, name: None, address: None }))
}

fn file(payload: &Value) -> Option<Content> {
    let url = text(payload, "fileUri").filter(|url| url.len() <= URL_LIMIT)?;
    let short = |text: &str| text.chars().take(LIMIT).collect::<String>();
    let mime_type = text(payload, "mimeType").map(short);
    let media = Media {
        provider_media_id: Some(url.to_owned()),
        filename: text(payload, "fileName").map(short),
        size: payload["fileSizeBytes"].as_u64(),
        mime_type,
        ..Media::default()
    };
    Some(match media.mime_type.as_deref().and_then(|mime_type| mime_type.split('/').next()) {
        Some("image") => Content::Image(media),
        Some("video") => Content::Video(media),
        Some("audio") => Content::Audio(media),
        _ => Content::Document(media),
    })
}

fn status(event: &Value, at: DateTime<Utc>) -> Result<StatusUpdate, &'static str> {
    let id =
        text(event, "messageId").filter(|id| id.chars().count() <= LIMIT).ok_or("a status without an id")?;
    let word = text(event, "eventType").ok_or("a status without a word")?;
    let status = match word {
        "DELIVERED" => Some(Status::Delivered),
        "READ" => Some(Status::Read),
        "TTL_EXPIRATION_REVOKED" => Some(Status::Failed),
        _ => None,
    };
    Ok(StatusUpdate {
        provider_id: id.to_owned(),
        // The id is ours: that of the attempt.
        correlation: Uuid::try_parse(id).ok(),
        status,
        word: word.chars().take(64).collect(),
        at,
        failure: (status == Some(Status::Failed)).then(|| errors::called_back().failure()),
    })
}

fn wish(event: &Value, at: DateTime<Utc>) -> Result<Wish, &'static str> {
    let opted_out = match text(event, "eventType") {
        Some("UNSUBSCRIBE") => true,
        Some("SUBSCRIBE") => false,
        _ => return Err("nothing here acts on it"),
    };
    let address = contact(event).ok_or("a wish of nobody")?;
    Ok(Wish { addresses: vec![address], scope: OptOut::All, opted_out, at })
}
