//! Whether WhatsApp takes a content: every limit that can be known before it is sent.

mod cards;
mod interactive;
mod media;
mod template;

use crate::channels::place::Place;
use crate::domain::content::{Content, Location, Reaction, Text};
use crate::problem::FieldError;

/// Content types that can be sent, in the order in which clients are told.
pub const CONTENT_TYPES: &[&str] = &[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "template",
    "interactive",
];

/// Those of them that pass a closed reply window: what the provider has approved before.
pub const CLOSED_WINDOW_TYPES: &[&str] = &["template"];

const TEXT_LIMIT: usize = 4096;

/// Whether WhatsApp takes this content; lengths count Unicode scalar values, as the provider does.
///
/// # Errors
/// Every field at fault.
pub fn check(content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut place = Place::content("WhatsApp", &mut faults);
    match content {
        Content::Text(text) => check_text(text, &mut place),
        Content::Image(media) | Content::Video(media) | Content::Document(media) => {
            media::check(content.kind(), media, &mut place);
        }
        Content::Audio(media) | Content::Sticker(media) => {
            media::check(content.kind(), media, &mut place);
            media::refuse_caption(media, &mut place);
        }
        Content::Location(location) => check_location(location, &mut place),
        Content::Contacts(contacts) => cards::check(contacts, &mut place),
        Content::Reaction(reaction) => check_reaction(reaction, &mut place),
        Content::Template(template) => template::check(template, &mut place),
        Content::Interactive(it) => interactive::check(&it.interactive, &mut place.at("interactive")),
        Content::Order(_)
        | Content::Referral(_)
        | Content::Postback(_)
        | Content::Unsupported(_)
        | Content::System(_)
        | Content::Deleted => {
            place.fault("type", "unsupported_content", "cannot be sent");
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn check_text(text: &Text, place: &mut Place<'_>) {
    place.words("text", &text.text, TEXT_LIMIT);
}

fn check_location(location: &Location, place: &mut Place<'_>) {
    for (field, degrees, most) in
        [("latitude", location.latitude, 90.0), ("longitude", location.longitude, 180.0)]
    {
        if !(-most..=most).contains(&degrees) {
            place.fault(field, "out_of_range", format!("must be between -{most} and {most}"));
        }
    }
}

fn check_reaction(reaction: &Reaction, place: &mut Place<'_>) {
    if !reaction.emoji.is_empty() && emojis::get(&reaction.emoji).is_none() {
        place.fault("emoji", "invalid_emoji", "must be one emoji, or empty to take the reaction away");
    }
}
