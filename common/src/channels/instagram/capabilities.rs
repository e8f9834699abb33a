//! What Instagram carries.

use crate::channels::capabilities::{
    ButtonsLimits, Capabilities, CtaUrlLimits, FrameLimits, InteractiveLimits, ListLimits, MediaRule,
    Receipts, TextLimit, Unit,
};

const MEGABYTE: u64 = 1 << 20;

/// Most bytes of a text.
const TEXT: usize = 1000;
/// What comes back of a button that was pressed.
const ID: usize = 1000;
/// Most characters of a button or a quick reply.
const TITLE: usize = 20;

/// Buttons stand below words, or, with a picture above, on a card whose two lines are short.
const FRAME: FrameLimits = FrameLimits {
    header_types: &["image"],
    max_header: 0,
    max_body: 640,
    max_body_with_file: 80,
    body_unit: Unit::Characters,
    max_footer: 0,
    max_footer_with_file: 80,
};

/// A list goes out as a text with quick replies, which show titles alone.
const LIST_FRAME: FrameLimits = FrameLimits {
    header_types: &[],
    max_body: TEXT,
    max_body_with_file: 0,
    body_unit: Unit::Bytes,
    max_footer_with_file: 0,
    ..FRAME
};

const AUDIOS: &[&str] = &["audio/aac", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/wav", "audio/x-wav"];
const VIDEOS: &[&str] =
    &["video/mp4", "video/ogg", "video/x-msvideo", "video/avi", "video/quicktime", "video/webm"];

const fn rule(kind: &'static str, mime_types: &'static [&'static str], max_bytes: u64) -> MediaRule {
    MediaRule { kind, mime_types, max_bytes, max_caption: 0, animated: None }
}

/// The table of Instagram.
pub static CAPABILITIES: Capabilities = Capabilities {
    content_types: &["text", "image", "video", "audio", "document", "reaction", "interactive"],
    // Nothing passes it.
    closed_window_content_types: &[],
    // A person may still answer after the first day.
    reply_window_seconds: Some(7 * 24 * 3600),
    text: TextLimit::bytes(TEXT),
    media: &[
        rule("image", &["image/png", "image/jpeg", "image/gif"], 8 * MEGABYTE),
        rule("video", VIDEOS, 25 * MEGABYTE),
        rule("audio", AUDIOS, 25 * MEGABYTE),
        rule("document", &["application/pdf"], 25 * MEGABYTE),
    ],
    interactive: InteractiveLimits {
        buttons: Some(ButtonsLimits {
            frame: FRAME,
            max_buttons: 3,
            max_buttons_with_file: 3,
            max_title: TITLE,
            max_id: ID,
        }),
        list: Some(ListLimits {
            frame: LIST_FRAME,
            max_button: TITLE,
            max_sections: 13,
            max_rows: 13,
            max_section_title: 0,
            max_row_title: TITLE,
            max_description: 0,
            max_id: ID,
        }),
        cta_url: Some(CtaUrlLimits { frame: FRAME, max_button: TITLE }),
        flow: None,
    },
    contact_cards: 0,
    receipts: Receipts { delivered: false, read: true, of_contact: true },
    typing: false,
    reactions: true,
    quotes: true,
    templates: false,
};
