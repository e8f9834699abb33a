//! Checks files.

use super::Place;
use crate::domain::content::Media;

const CAPTION_LIMIT: usize = 1024;
const FILENAME_LIMIT: usize = 240;

pub(super) fn check(media: &Media, place: &mut Place<'_>) {
    match &media.url {
        Some(url) => place.address("url", url),
        None => place.fault("url", "required", "is required on WhatsApp"),
    }
    if let Some(caption) = &media.caption {
        place.length("caption", caption, CAPTION_LIMIT);
    }
    if let Some(filename) = &media.filename {
        place.length("filename", filename, FILENAME_LIMIT);
        if filename.trim().is_empty() || filename.chars().any(char::is_control) {
            let why = "must not be blank or contain control characters";
            place.fault("filename", "invalid_character", why);
        }
    }
}

/// For where WhatsApp shows no words with a file.
pub(super) fn refuse_caption(media: &Media, place: &mut Place<'_>) {
    if media.caption.is_some() {
        place.fault("caption", "not_supported", "is not taken here on WhatsApp");
    }
}
