//! Whether WhatsApp takes a content: every limit that can be known before it is sent.

mod cards;
mod template;

use super::capabilities::CAPABILITIES;
use crate::channels::interactive;
use crate::channels::place::Place;
use crate::domain::content::{Content, Reaction, Text};
use crate::problem::FieldError;

/// Whether WhatsApp takes this content; lengths count Unicode scalar values, as the provider does.
///
/// # Errors
/// Every field at fault.
pub fn check(content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut place = Place::content("WhatsApp", &mut faults);
    match content {
        Content::Text(text) => check_text(text, &mut place),
        Content::Image(media)
        | Content::Video(media)
        | Content::Audio(media)
        | Content::Document(media)
        | Content::Sticker(media) => {
            place.file(content.kind(), media, &CAPABILITIES);
            place.caption(content.kind(), media, &CAPABILITIES);
        }
        Content::Location(location) => place.location(location),
        Content::Contacts(contacts) => cards::check(contacts, &mut place),
        Content::Reaction(reaction) => check_reaction(reaction, &mut place),
        Content::Template(template) => template::check(template, &mut place),
        Content::Interactive(it) => {
            interactive::check(&it.interactive, &CAPABILITIES, &mut place.at("interactive"))
        }
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
    place.text("text", &text.text, CAPABILITIES.text);
}

fn check_reaction(reaction: &Reaction, place: &mut Place<'_>) {
    if !reaction.emoji.is_empty() && emojis::get(&reaction.emoji).is_none() {
        place.fault("emoji", "invalid_emoji", "must be one emoji, or empty to take the reaction away");
    }
}
