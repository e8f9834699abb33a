//! Checks the message types that are neither interactive nor templates.

use serde_json::Value;

use super::field::{Field, invalid, missing};
use super::{Known, interactive};
use crate::graph::error::GraphError;
use crate::wamid;

const TYPES: [&str; 11] = [
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
];

/// Checks the object that belongs to a type.
pub(super) fn check(kind: &str, body: &Field<'_>, known: &Known<'_>) -> Result<(), GraphError> {
    match kind {
        "text" => text(&body.object("text")?),
        "image" | "video" | "document" | "audio" | "sticker" => media(kind, &body.object(kind)?, known),
        "location" => location(&body.object("location")?),
        "contacts" => contacts(&body.objects("contacts")?),
        "reaction" => reaction(&body.object("reaction")?),
        "interactive" => interactive::check(&body.object("interactive")?, known),
        _ => {
            let types = TYPES.join(", ").to_uppercase();
            Err(invalid("type", &format!("must be one of {{{types}}}")))
        }
    }
}

fn text(text: &Field<'_>) -> Result<(), GraphError> {
    text.text_within("body", 4_096)?;
    match text.get("preview_url") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(invalid("text['preview_url']", "must be a boolean")),
    }
}

/// Checks a media object: exactly one of `id` and `link`, and a caption where one is allowed.
pub(super) fn media(kind: &str, media: &Field<'_>, known: &Known<'_>) -> Result<(), GraphError> {
    match (media.get("id").is_some(), media.get("link").is_some()) {
        (true, false) => stored(kind, media, known)?,
        (false, true) => media.address("link")?,
        (false, false) => return Err(missing(&format!("{kind}['id'] or {kind}['link']"))),
        (true, true) => {
            return Err(GraphError::parameter(format!("Param {kind} must have only one of id and link.")));
        }
    }
    match kind {
        "audio" | "sticker" => media.forbid("caption")?,
        _ => media.optional_text_within("caption", 1_024)?,
    }
    if kind == "document" { media.optional_text("filename").map(drop) } else { media.forbid("filename") }
}

fn stored(kind: &str, media: &Field<'_>, known: &Known<'_>) -> Result<(), GraphError> {
    let id = media.text("id")?;
    let path = media.path("id");
    let medium = known.media.get(id).filter(|medium| *medium.waba_id == *known.account.config.waba_id);
    let Some(medium) = medium else {
        let text = format!("Param {path} is not a valid whatsapp business account media attachment ID");
        return Err(GraphError::parameter(text));
    };
    let allowed = crate::media::rule(&medium.mime_type).map_or(&[][..], |(_, kinds)| kinds);
    if allowed.contains(&kind) {
        return Ok(());
    }
    Err(GraphError::of(131_053).because(format!("{path}: {} cannot be sent as {kind}.", medium.mime_type)))
}

/// Checks a location object.
pub(super) fn location(location: &Field<'_>) -> Result<(), GraphError> {
    for (name, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let degrees = match location.get(name) {
            None => return Err(missing(&location.path(name))),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.parse::<f64>().ok(),
            Some(_) => None,
        };
        if !degrees.is_some_and(|degrees| degrees.abs() <= most) {
            return Err(invalid(&location.path(name), "is not a valid coordinate"));
        }
    }
    location.optional_text("name")?;
    location.optional_text("address").map(drop)
}

fn contacts(contacts: &[Field<'_>]) -> Result<(), GraphError> {
    if !(1..=257).contains(&contacts.len()) {
        return Err(invalid("contacts", "must have between 1 and 257 elements"));
    }
    for contact in contacts {
        contact.object("name")?.text("formatted_name")?;
        for list in ["phones", "emails", "addresses", "urls"] {
            contact.optional_objects(list)?;
        }
        contact.optional_object("org")?;
        contact.optional_text("birthday")?;
    }
    Ok(())
}

fn reaction(reaction: &Field<'_>) -> Result<(), GraphError> {
    let id = reaction.text("message_id")?;
    wamid::read(id).ok_or_else(|| invalid("reaction['message_id']", "is not a message id"))?;
    // An empty emoji takes the reaction back.
    match reaction.optional_text("emoji")? {
        None => Err(missing("reaction['emoji']")),
        Some(emoji) if emoji.chars().any(|character| character.is_ascii_alphabetic()) => {
            Err(invalid("reaction['emoji']", "is not an emoji"))
        }
        Some(_) => Ok(()),
    }
}
