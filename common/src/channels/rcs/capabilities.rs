//! What RCS carries.

use crate::channels::capabilities::{
    ButtonsLimits, Capabilities, CtaUrlLimits, FrameLimits, InteractiveLimits, ListLimits, MediaRule,
    Receipts, TextLimit, Unit,
};

/// Most characters of a text, and of a card's description, which is where words stand beside a file.
const TEXT: usize = 3072;
const DESCRIPTION: usize = 2000;
const FILE: u64 = 100 << 20;

const FRAME: FrameLimits = FrameLimits {
    header_types: &["text", "image", "video"],
    max_header: 200,
    max_body: DESCRIPTION,
    max_body_with_file: DESCRIPTION,
    body_unit: Unit::Characters,
    max_footer: 200,
    max_footer_with_file: 200,
};

const fn rule(kind: &'static str, mime_types: &'static [&'static str], max_caption: usize) -> MediaRule {
    MediaRule { kind, mime_types, max_bytes: FILE, max_caption, animated: None }
}

/// The table of RCS.
pub static CAPABILITIES: Capabilities = Capabilities {
    content_types: CONTENT_TYPES,
    closed_window_content_types: CONTENT_TYPES,
    reply_window_seconds: None,
    text: TextLimit::characters(TEXT),
    media: &[
        rule("image", &["image/jpeg", "image/png", "image/gif"], DESCRIPTION),
        rule("video", &["video/mp4", "video/mpeg", "video/webm", "video/x-m4v", "video/h263"], DESCRIPTION),
        // What is no picture or film has no place in a card.
        rule("audio", &["audio/aac", "audio/mpeg", "audio/mp4", "audio/3gpp", "audio/ogg"], 0),
        rule("document", &["application/pdf"], 0),
    ],
    interactive: InteractiveLimits {
        buttons: Some(ButtonsLimits {
            frame: FRAME,
            max_buttons: 11,
            // They stand in the card.
            max_buttons_with_file: 4,
            max_title: 25,
            max_id: 2048,
        }),
        list: Some(ListLimits {
            frame: FrameLimits { header_types: &["text"], ..FRAME },
            // There is nothing that opens it: its rows stand there.
            max_button: 25,
            max_sections: 1,
            // Cards of a carousel, but for the first, which holds the body.
            max_rows: 9,
            max_section_title: 0,
            max_row_title: 25,
            max_description: DESCRIPTION,
            max_id: 2048,
        }),
        cta_url: Some(CtaUrlLimits { frame: FRAME, max_button: 25 }),
        flow: None,
    },
    contact_cards: 0,
    receipts: Receipts { delivered: true, read: true, of_contact: true },
    typing: false,
    reactions: false,
    quotes: false,
    templates: false,
};

const CONTENT_TYPES: &[&str] = &["text", "image", "video", "audio", "document", "location", "interactive"];
