//! What Instagram carries.

use crate::channels::capabilities::{Capabilities, Receipts, TextLimit, Unit};
use crate::channels::meta::pages::limits::{MEGABYTE, REPLY_WINDOW_SECONDS, interactive, rule};

/// Most bytes of a text.
const TEXT: usize = 1000;

const AUDIOS: &[&str] = &["audio/aac", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/wav", "audio/x-wav"];
const VIDEOS: &[&str] =
    &["video/mp4", "video/ogg", "video/x-msvideo", "video/avi", "video/quicktime", "video/webm"];

/// The table of Instagram.
pub static CAPABILITIES: Capabilities = Capabilities {
    content_types: &["text", "image", "video", "audio", "document", "reaction", "interactive"],
    // Nothing passes it.
    closed_window_content_types: &[],
    reply_window_seconds: Some(REPLY_WINDOW_SECONDS),
    text: TextLimit::bytes(TEXT),
    media: &[
        rule("image", &["image/png", "image/jpeg", "image/gif"], 8 * MEGABYTE),
        rule("video", VIDEOS, 25 * MEGABYTE),
        rule("audio", AUDIOS, 25 * MEGABYTE),
        rule("document", &["application/pdf"], 25 * MEGABYTE),
    ],
    interactive: interactive(TEXT, Unit::Bytes),
    contact_cards: 0,
    receipts: Receipts { delivered: false, read: true, of_contact: true },
    typing: false,
    reactions: true,
    quotes: true,
    templates: false,
};
