//! What Messenger and Instagram carry alike.

use crate::channels::capabilities::{
    ButtonsLimits, CtaUrlLimits, FrameLimits, InteractiveLimits, ListLimits, MediaRule, Unit,
};

/// What sizes of files are told in.
pub(in crate::channels) const MEGABYTE: u64 = 1 << 20;
/// A person may still answer after the first day.
pub(in crate::channels) const REPLY_WINDOW_SECONDS: u32 = 7 * 24 * 3600;
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

/// A kind of file; none has a caption.
pub(in crate::channels) const fn rule(
    kind: &'static str,
    mime_types: &'static [&'static str],
    max_bytes: u64,
) -> MediaRule {
    MediaRule { kind, mime_types, max_bytes, max_caption: 0, animated: None }
}

/// What is pressed. A list goes out as a text with quick replies, which show titles alone: its words are as long as any text's.
pub(in crate::channels) const fn interactive(text: usize, unit: Unit) -> InteractiveLimits {
    let list_frame = FrameLimits {
        header_types: &[],
        max_body: text,
        max_body_with_file: 0,
        body_unit: unit,
        max_footer_with_file: 0,
        ..FRAME
    };
    InteractiveLimits {
        buttons: Some(ButtonsLimits {
            frame: FRAME,
            max_buttons: 3,
            max_buttons_with_file: 3,
            max_title: TITLE,
            max_id: ID,
        }),
        list: Some(ListLimits {
            frame: list_frame,
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
    }
}
