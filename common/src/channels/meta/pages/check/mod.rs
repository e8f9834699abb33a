//! Whether Messenger or Instagram takes a content: every limit that can be known before it is sent.

mod files;
mod interactive;

use crate::channels::place::Place;
use crate::domain::content::{Content, Reaction, Template};
use crate::problem::FieldError;

use super::{Dialect, reactions};
pub(in crate::channels) use files::Files;

/// How long a text may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::channels) enum TextLimit {
    /// So many Unicode scalar values.
    Characters(usize),
    /// So many bytes of UTF-8.
    Bytes(usize),
}

/// Whether a dialect takes this content.
pub(in crate::channels) fn check(dialect: &Dialect, content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut place = Place::content(dialect.name, &mut faults);
    match content {
        Content::Text(text) => dialect.text.check("text", &text.text, dialect.name, &mut place),
        Content::Image(media) | Content::Video(media) | Content::Audio(media) | Content::Document(media) => {
            files::check(dialect, content.kind(), media, &mut place);
        }
        Content::Reaction(reaction) => check_reaction(reaction, &mut place),
        Content::Template(template) if dialect.templates => check_template(template, &mut place),
        Content::Interactive(it) => {
            interactive::check(dialect, &it.interactive, &mut place.at("interactive"));
        }
        _ => place.fault("type", "unsupported_content", format!("cannot be sent on {}", dialect.name)),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

impl TextLimit {
    /// A text that must say something, and not too much.
    fn check(self, field: &str, text: &str, name: &str, place: &mut Place<'_>) {
        match self {
            Self::Characters(most) => place.words(field, text, most),
            Self::Bytes(most) => {
                place.filled(field, text);
                let length = text.len();
                if length > most {
                    let message = format!("may have {most} bytes of UTF-8 on {name} and has {length}");
                    place.fault(field, "too_long", message);
                }
            }
        }
    }
}

fn check_reaction(reaction: &Reaction, place: &mut Place<'_>) {
    if !reaction.emoji.is_empty() && reactions::word(&reaction.emoji).is_none() {
        let message = format!("must be one of {}, or empty to take the reaction away", reactions::listed());
        place.fault("emoji", "invalid_emoji", message);
    }
}

fn check_template(template: &Template, place: &mut Place<'_>) {
    place.filled("name", &template.name);
    place.filled("language", &template.language);
}
