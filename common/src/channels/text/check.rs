//! Whether a content can be texted: every limit that can be known before it is sent.

use super::capabilities::CAPABILITIES;
use crate::channels::place::Place;
use crate::domain::content::Content;
use crate::problem::FieldError;

/// Whether this content can be texted.
///
/// # Errors
/// Every field at fault.
pub fn check(content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut place = Place::content("texts", &mut faults);
    match content {
        Content::Text(text) => place.text("text", &text.text, CAPABILITIES.text),
        Content::Image(media) | Content::Video(media) | Content::Audio(media) | Content::Document(media) => {
            place.file(content.kind(), media, &CAPABILITIES);
            place.caption(content.kind(), media, &CAPABILITIES);
        }
        _ => place.fault("type", "unsupported_content", "cannot be sent as a text"),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
