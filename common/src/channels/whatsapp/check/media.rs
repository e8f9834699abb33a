//! Checks files.

use super::Place;
use crate::channels::whatsapp::limits;
use crate::domain::content::Media;

const CAPTION_LIMIT: usize = 1024;
const FILENAME_LIMIT: usize = 240;

/// Checks a file that is sent as `kind`; one of ours is known by media type and size.
pub(super) fn check(kind: &str, media: &Media, place: &mut Place<'_>) {
    match (&media.media_id, &media.url) {
        (Some(_), _) => check_upload(kind, media, place),
        (None, Some(url)) => place.address("url", url),
        (None, None) => place.fault("url", "required", "is required on WhatsApp"),
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

fn check_upload(kind: &str, media: &Media, place: &mut Place<'_>) {
    let mime_type = media.mime_type.as_deref().unwrap_or_default();
    let Some(most) = limits::most_bytes(kind, mime_type, media.animated) else {
        let takes = limits::types(kind);
        let message = format!("is {mime_type}, which WhatsApp does not take as {kind}: {takes}");
        return place.fault("mediaId", "media_type_not_supported", message);
    };
    if let Some(size) = media.size.filter(|size| *size > most) {
        let message = format!("has {size} bytes; WhatsApp takes {most} at most of this type");
        place.fault("mediaId", "media_too_large", message);
    }
}

/// For where WhatsApp shows no words with a file.
pub(super) fn refuse_caption(media: &Media, place: &mut Place<'_>) {
    if media.caption.is_some() {
        place.fault("caption", "not_supported", "is not taken here on WhatsApp");
    }
}
