//! What Messenger carries.

use crate::channels::capabilities::{Capabilities, Receipts, TextLimit, Unit};
use crate::channels::meta::pages::limits::{MEGABYTE, REPLY_WINDOW_SECONDS, interactive, rule};

/// Most characters of a text.
const TEXT: usize = 2000;

/// The table of Messenger.
pub static CAPABILITIES: Capabilities = Capabilities {
    content_types: &["text", "image", "video", "audio", "document", "reaction", "template", "interactive"],
    // What the provider has approved before.
    closed_window_content_types: &["template"],
    reply_window_seconds: Some(REPLY_WINDOW_SECONDS),
    text: TextLimit::characters(TEXT),
    // Any file of a kind, as the provider's documents name none.
    media: &[
        rule("image", &["image/*"], 8 * MEGABYTE),
        rule("video", &["video/*"], 25 * MEGABYTE),
        rule("audio", &["audio/*"], 25 * MEGABYTE),
        rule("document", &["*/*"], 25 * MEGABYTE),
    ],
    interactive: interactive(TEXT, Unit::Characters),
    contact_cards: 0,
    receipts: Receipts { delivered: true, read: true, of_contact: true },
    typing: false,
    reactions: true,
    quotes: true,
    templates: true,
};
