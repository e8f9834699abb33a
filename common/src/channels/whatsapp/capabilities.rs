//! What WhatsApp carries.

use crate::channels::capabilities::{
    ButtonsLimits, Capabilities, CtaUrlLimits, FlowLimits, FrameLimits, InteractiveLimits, ListLimits,
    MediaRule, Receipts, TextLimit, Unit,
};

const KILOBYTE: u64 = 1 << 10;
const MEGABYTE: u64 = 1 << 20;
const CAPTION: usize = 1024;

const FRAME: FrameLimits = FrameLimits {
    header_types: &["text", "image", "video", "document"],
    max_header: 60,
    max_body: 1024,
    max_body_with_file: 1024,
    body_unit: Unit::Characters,
    max_footer: 60,
    max_footer_with_file: 60,
};

/// The table of WhatsApp.
pub static CAPABILITIES: Capabilities = Capabilities {
    content_types: &[
        "text",
        "image",
        "video",
        "audio",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "template",
        "interactive",
    ],
    // What the provider has approved before.
    closed_window_content_types: &["template"],
    reply_window_seconds: Some(24 * 3600),
    text: TextLimit::characters(4096),
    media: &[
        MediaRule {
            kind: "image",
            mime_types: &["image/jpeg", "image/png"],
            max_bytes: 5 * MEGABYTE,
            max_caption: CAPTION,
            animated: None,
        },
        MediaRule {
            kind: "video",
            mime_types: &["video/mp4", "video/3gpp"],
            max_bytes: 16 * MEGABYTE,
            max_caption: CAPTION,
            animated: None,
        },
        MediaRule {
            kind: "audio",
            mime_types: &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"],
            max_bytes: 16 * MEGABYTE,
            max_caption: 0,
            animated: None,
        },
        MediaRule {
            kind: "document",
            mime_types: &["*/*"],
            max_bytes: 100 * MEGABYTE,
            max_caption: CAPTION,
            animated: None,
        },
        MediaRule {
            kind: "sticker",
            mime_types: &["image/webp"],
            max_bytes: 100 * KILOBYTE,
            max_caption: 0,
            animated: Some(false),
        },
        // Where nobody knows whether it moves, the provider finds out.
        MediaRule {
            kind: "sticker",
            mime_types: &["image/webp"],
            max_bytes: 500 * KILOBYTE,
            max_caption: 0,
            animated: None,
        },
    ],
    interactive: InteractiveLimits {
        buttons: Some(ButtonsLimits {
            frame: FRAME,
            max_buttons: 3,
            max_buttons_with_file: 3,
            max_title: 20,
            max_id: 256,
        }),
        list: Some(ListLimits {
            frame: FrameLimits { header_types: &["text"], max_body: 4096, ..FRAME },
            max_button: 20,
            max_sections: 10,
            max_rows: 10,
            max_section_title: 24,
            max_row_title: 24,
            max_description: 72,
            max_id: 200,
        }),
        cta_url: Some(CtaUrlLimits { frame: FRAME, max_button: 20 }),
        flow: Some(FlowLimits { frame: FRAME }),
    },
    contact_cards: 257,
    receipts: Receipts { delivered: true, read: true, of_contact: true },
    typing: false,
    reactions: true,
    quotes: true,
    templates: true,
};
