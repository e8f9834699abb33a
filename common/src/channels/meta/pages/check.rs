//! Whether Messenger or Instagram takes a content: every limit that can be known before it is sent.

use crate::channels::interactive;
use crate::channels::place::Place;
use crate::domain::content::{Content, Reaction, Template};
use crate::problem::FieldError;

use super::{Dialect, reactions};

/// Whether a dialect takes this content.
pub(in crate::channels) fn check(dialect: &Dialect, content: &Content) -> Result<(), Vec<FieldError>> {
    let table = dialect.table;
    let mut faults = Vec::new();
    let mut place = Place::content(dialect.name, &mut faults);
    match content {
        Content::Text(text) => place.text("text", &text.text, table.text),
        Content::Image(media) | Content::Video(media) | Content::Audio(media) | Content::Document(media) => {
            place.file(content.kind(), media, table);
            place.caption(content.kind(), media, table);
        }
        Content::Reaction(reaction) => check_reaction(reaction, &mut place),
        Content::Template(template) if table.templates => check_template(template, &mut place),
        Content::Interactive(it) => {
            interactive::check(&it.interactive, table, &mut place.at("interactive"));
        }
        _ => place.fault("type", "unsupported_content", format!("cannot be sent on {}", dialect.name)),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
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
