//! Understands one raw event: what a contact sent, or how a message of ours fares.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::payloads::integer;
use super::{addresses, errors};
use crate::channels::{EventKind, InboundEvent, InboundMessage, StatusUpdate, Wish};
use crate::domain::content::{Content, Media, Unsupported};
use crate::domain::message::Status;

/// Most characters of a provider's id.
const ID_LIMIT: usize = 255;
/// Most characters of a contact's name.
const NAME_LIMIT: usize = 255;
/// The last second that four digits of a year can tell.
const LAST_SECOND: i64 = 253_402_300_799;

/// Understands a payload that [`super::receive::split`] made.
pub fn parse(kind: EventKind, payload: &Value) -> InboundEvent {
    let understood = match kind {
        EventKind::Message => message(payload).map(|message| InboundEvent::Message(Box::new(message))),
        EventKind::Status => status(&payload["status"]).map(InboundEvent::Status),
        EventKind::Other if payload["preference"].is_object() => {
            wish(&payload["preference"]).map(InboundEvent::Wish)
        }
        EventKind::Other => Err("nothing here acts on it"),
    };
    understood.unwrap_or_else(|reason| InboundEvent::Ignored { reason })
}

fn message(payload: &Value) -> Result<InboundMessage, &'static str> {
    let (message, contact) = (&payload["message"], &payload["contact"]);
    let provider_id = id(&message["id"]).ok_or("a message without an id")?;
    let known = [&message["from"], &contact["wa_id"], &message["from_user_id"], &contact["user_id"]];
    let addresses = addresses::distinct(known);
    if addresses.is_empty() {
        return Err("a message without a sender");
    }
    Ok(InboundMessage {
        provider_id,
        addresses,
        name: name(&contact["profile"]),
        at: time(&message["timestamp"]),
        content: content(message)
            .unwrap_or_else(|| Content::Unsupported(Unsupported { raw: message.clone() })),
        reply_to: id(&message["context"]["id"]),
    })
}

/// What a message says; none for what the product does not know, or what lacks its main part.
fn content(message: &Value) -> Option<Content> {
    let kind = message["type"].as_str()?;
    let build = match kind {
        "text" => return message["text"]["body"].as_str().map(Content::text),
        "image" => Content::Image,
        "video" => Content::Video,
        "audio" => Content::Audio,
        "document" => Content::Document,
        "sticker" => Content::Sticker,
        _ => return None,
    };
    let file = &message[kind];
    let text = |name: &str| file[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    // The address that some payloads carry is left out: it opens for minutes, and only with our token.
    Some(build(Media {
        provider_media_id: Some(id(&file["id"])?),
        mime_type: text("mime_type"),
        sha256: text("sha256"),
        caption: text("caption"),
        filename: text("filename"),
        ..Media::default()
    }))
}

fn status(status: &Value) -> Result<StatusUpdate, &'static str> {
    let provider_id = id(&status["id"]).ok_or("a status without an id")?;
    let word = status["status"].as_str().ok_or("a status without a word")?;
    let moves_to = match word {
        "sent" => Some(Status::Sent),
        "delivered" => Some(Status::Delivered),
        "read" => Some(Status::Read),
        "failed" => Some(Status::Failed),
        _ => None,
    };
    Ok(StatusUpdate {
        provider_id,
        correlation: status["biz_opaque_callback_data"].as_str().and_then(|text| Uuid::try_parse(text).ok()),
        status: moves_to,
        word: word.chars().take(64).collect(),
        at: time(&status["timestamp"]),
        failure: (moves_to == Some(Status::Failed)).then(|| errors::of_status(&status["errors"]).failure()),
    })
}

fn wish(preference: &Value) -> Result<Wish, &'static str> {
    if preference["category"] != "marketing_messages" {
        return Err("a preference of another kind");
    }
    let opted_out = match preference["value"].as_str() {
        Some("stop") => true,
        Some("resume" | "signup") => false,
        _ => return Err("a preference of an unknown value"),
    };
    let addresses = addresses::distinct([&preference["wa_id"], &preference["user_id"]]);
    Ok(Wish { addresses, opted_out, at: time(&preference["timestamp"]) })
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

/// Seconds since 1970, or milliseconds if there are 13 digits or more; now, for what is no time.
fn time(value: &Value) -> DateTime<Utc> {
    let number = integer(value).filter(|number| *number > 0);
    let time = number.and_then(|number| match number {
        1_000_000_000_000.. => DateTime::from_timestamp_millis(number),
        _ => DateTime::from_timestamp(number, 0),
    });
    time.filter(|time| time.timestamp() <= LAST_SECOND).unwrap_or_else(Utc::now)
}
