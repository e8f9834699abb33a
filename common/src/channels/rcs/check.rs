//! Whether RCS takes a content: every limit that can be known before it is sent.

use super::capabilities::CAPABILITIES;
use crate::channels::interactive;
use crate::channels::place::Place;
use crate::domain::content::Content;
use crate::problem::FieldError;

/// Whether RCS takes this content.
///
/// # Errors
/// Every field at fault.
pub fn check(content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut place = Place::content("RCS", &mut faults);
    match content {
        Content::Text(text) => place.text("text", &text.text, CAPABILITIES.text),
        Content::Image(media) | Content::Video(media) | Content::Audio(media) | Content::Document(media) => {
            place.file(content.kind(), media, &CAPABILITIES);
            place.caption(content.kind(), media, &CAPABILITIES);
        }
        Content::Location(location) => place.location(location),
        Content::Interactive(it) => {
            interactive::check(&it.interactive, &CAPABILITIES, &mut place.at("interactive"));
        }
        _ => place.fault("type", "unsupported_content", "cannot be sent by RCS"),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
