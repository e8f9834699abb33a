//! What texts carry.

use crate::channels::capabilities::{Capabilities, InteractiveLimits, MediaRule, Receipts, TextLimit};

/// Most characters of a text, and of words with a file.
const WORDS: usize = 1600;
/// Most bytes of a picture that the provider fits to the contact's carrier, and of any other file.
const PICTURE: u64 = 5 << 20;
const OTHER: u64 = 500 << 10;
const PICTURES: &[&str] = &["image/jpeg", "image/png", "image/gif"];

const fn rule(kind: &'static str, mime_types: &'static [&'static str], max_bytes: u64) -> MediaRule {
    MediaRule { kind, mime_types, max_bytes, max_caption: WORDS, animated: None }
}

/// The table of texts.
pub static CAPABILITIES: Capabilities = Capabilities {
    content_types: CONTENT_TYPES,
    closed_window_content_types: CONTENT_TYPES,
    reply_window_seconds: None,
    text: TextLimit::characters(WORDS),
    media: &[
        rule("image", PICTURES, PICTURE),
        rule("image", &["image/*"], OTHER),
        rule("video", &["video/*"], OTHER),
        rule("audio", &["audio/*"], OTHER),
        rule("document", PICTURES, PICTURE),
        rule("document", &["*/*"], OTHER),
    ],
    interactive: InteractiveLimits::NONE,
    contact_cards: 0,
    receipts: Receipts { delivered: true, read: false, of_contact: false },
    typing: false,
    reactions: false,
    quotes: false,
    templates: false,
};

const CONTENT_TYPES: &[&str] = &["text", "image", "video", "audio", "document"];
