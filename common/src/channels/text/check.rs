//! Whether a content can be texted: every limit that can be known before it is sent.

use crate::channels::place::Place;
use crate::domain::content::{Content, Media};
use crate::problem::FieldError;

/// Content types that can be sent, in the order in which clients are told; there is no reply window.
pub const CONTENT_TYPES: &[&str] = &["text", "image", "video", "audio", "document"];

/// Most characters of a text.
const TEXT_LIMIT: usize = 1600;
/// Most bytes of a picture that the provider fits to the contact's carrier, and of any other file.
const PICTURE: u64 = 5 << 20;
const OTHER: u64 = 500 << 10;

/// Whether this content can be texted.
///
/// # Errors
/// Every field at fault.
pub fn check(content: &Content) -> Result<(), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut place = Place::content("texts", &mut faults);
    match content {
        Content::Text(text) => place.words("text", &text.text, TEXT_LIMIT),
        Content::Image(media) | Content::Video(media) | Content::Audio(media) | Content::Document(media) => {
            check_media(content.kind(), media, &mut place);
        }
        _ => place.fault("type", "unsupported_content", "cannot be sent as a text"),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn check_media(kind: &str, media: &Media, place: &mut Place<'_>) {
    match (&media.media_id, &media.url) {
        (Some(_), _) => check_upload(kind, media, place),
        (None, Some(url)) => place.address("url", url),
        (None, None) => place.fault("url", "required", "is required in texts"),
    }
    if let Some(caption) = &media.caption {
        place.length("caption", caption, TEXT_LIMIT);
    }
}

fn check_upload(kind: &str, media: &Media, place: &mut Place<'_>) {
    let mime_type = media.mime_type.as_deref().unwrap_or_default();
    let fits = match kind {
        "image" => mime_type.starts_with("image/"),
        "video" => mime_type.starts_with("video/"),
        "audio" => mime_type.starts_with("audio/"),
        _ => true,
    };
    if !fits {
        let message = format!("is {mime_type}, which is no {kind}");
        return place.fault("mediaId", "media_type_not_supported", message);
    }
    let most = if matches!(mime_type, "image/jpeg" | "image/png" | "image/gif") { PICTURE } else { OTHER };
    if let Some(size) = media.size.filter(|size| *size > most) {
        let message = format!("has {size} bytes; texts take {most} at most of this type");
        place.fault("mediaId", "media_too_large", message);
    }
}
