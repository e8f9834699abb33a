//! Understands one raw event: what a contact texted, or how a message of ours fares.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{addresses, errors, form};
use crate::channels::{Author, EventKind, InboundEvent, InboundMessage, StatusUpdate, Wish};
use crate::domain::contact::OptOut;
use crate::domain::content::{Content, Media, Unsupported};
use crate::domain::message::Status;

/// Most characters of a provider's id, and of a contact's name.
const LIMIT: usize = 255;
/// Most characters of a file's address.
const URL_LIMIT: usize = 2048;

/// Understands a payload that [`super::receive::split`] made. The provider tells no time, so the time is that of its receipt.
pub fn parse(kind: EventKind, payload: &Value, received_at: DateTime<Utc>) -> InboundEvent {
    let understood = match kind {
        EventKind::Message => message(payload, received_at),
        EventKind::Status => status(payload, received_at).map(InboundEvent::Status),
        EventKind::Other => wish(&payload["wish"], received_at).map(InboundEvent::Wish),
    };
    understood.unwrap_or_else(|reason| InboundEvent::Ignored { reason })
}

fn message(payload: &Value, at: DateTime<Utc>) -> Result<InboundEvent, &'static str> {
    let (told, file) = (&payload["message"], payload["file"].as_u64().unwrap_or(0));
    let sid = sid(told).ok_or("a message without an id")?;
    let address =
        form::text(told, "From").and_then(addresses::normal).ok_or("a message without a contact")?;
    let name = form::text(told, "ProfileName").map(|name| name.chars().take(LIMIT).collect());
    Ok(InboundEvent::Message(Box::new(InboundMessage {
        // Each file beyond the first is a message of ours, and the provider's id is that of all.
        provider_id: if file == 0 { sid } else { format!("{sid}#{file}") },
        author: Author::Contact,
        addresses: vec![address],
        name,
        at,
        content: content(told, file),
        reply_to: None,
        reaction_to: None,
        context: None,
        new_address: None,
        opens_window: false,
        correlation: None,
    })))
}

fn content(told: &Value, file: u64) -> Content {
    let text = form::text(told, "Body").filter(|_| file == 0);
    if let Some(url) = form::text(told, &format!("MediaUrl{file}")).filter(|url| url.len() <= URL_LIMIT) {
        let mime_type = form::text(told, &format!("MediaContentType{file}"));
        let media = Media {
            provider_media_id: Some(url.to_owned()),
            mime_type: mime_type.map(|text| text.chars().take(LIMIT).collect()),
            caption: text.map(str::to_owned),
            ..Media::default()
        };
        return match mime_type.and_then(|mime_type| mime_type.split('/').next()) {
            Some("image") => Content::Image(media),
            Some("video") => Content::Video(media),
            Some("audio") => Content::Audio(media),
            _ => Content::Document(media),
        };
    }
    match text {
        Some(text) => Content::text(text),
        None => Content::Unsupported(Unsupported {
            reason: Some("A message without words".into()),
            raw: told.clone(),
        }),
    }
}

fn status(payload: &Value, at: DateTime<Utc>) -> Result<StatusUpdate, &'static str> {
    let told = &payload["status"];
    let provider_id = sid(told).ok_or("a status without an id")?;
    let word = form::text(told, "MessageStatus").or_else(|| form::text(told, "SmsStatus"));
    let word = word.ok_or("a status without a word")?;
    let moves_to = match word {
        "sent" => Some(Status::Sent),
        "delivered" => Some(Status::Delivered),
        "read" => Some(Status::Read),
        "failed" | "undelivered" | "canceled" => Some(Status::Failed),
        _ => None,
    };
    let failure = || {
        let said = form::text(told, "ErrorMessage").or_else(|| form::text(told, "ChannelStatusMessage"));
        errors::of_status(form::text(told, "ErrorCode"), said).failure()
    };
    Ok(StatusUpdate {
        provider_id,
        correlation: payload["attempt"].as_str().and_then(|text| Uuid::try_parse(text).ok()),
        status: moves_to,
        word: word.chars().take(64).collect(),
        at,
        failure: (moves_to == Some(Status::Failed)).then(failure),
    })
}

fn wish(wish: &Value, at: DateTime<Utc>) -> Result<Wish, &'static str> {
    let opted_out = wish["stops"].as_bool().ok_or("nothing here acts on it")?;
    let address = wish["from"].as_str().filter(|from| !from.is_empty()).ok_or("a wish of nobody")?;
    Ok(Wish { addresses: vec![address.to_owned()], scope: OptOut::All, opted_out, at })
}

fn sid(told: &Value) -> Option<String> {
    let found = ["MessageSid", "SmsSid", "SmsMessageSid"].iter().find_map(|name| form::text(told, name))?;
    (found.chars().count() <= LIMIT - 3).then(|| found.to_owned())
}
