//! Checks messages with something to press.

use super::{Dialect, files};
use crate::channels::place::Place;
use crate::domain::content::{Frame, Header, InteractiveKind, List};

const BUTTONS: usize = 3;
/// What a button or a quick reply says.
const TITLE_LIMIT: usize = 20;
/// What comes back of either.
const ID_LIMIT: usize = 1000;
/// The words above buttons.
const BODY_LIMIT: usize = 640;
/// Each line of a card.
const CARD_LIMIT: usize = 80;
const QUICK_REPLIES: usize = 13;

pub(super) fn check(dialect: &Dialect, kind: &InteractiveKind, place: &mut Place<'_>) {
    match kind {
        InteractiveKind::Buttons(it) => {
            check_frame(dialect, &it.frame, place);
            if place.count("buttons", it.buttons.len(), BUTTONS) {
                for (n, button) in it.buttons.iter().enumerate() {
                    let mut place = place.item("buttons", n);
                    place.words("id", &button.id, ID_LIMIT);
                    place.words("title", &button.title, TITLE_LIMIT);
                }
            }
        }
        InteractiveKind::CtaUrl(it) => {
            check_frame(dialect, &it.frame, place);
            place.words("button", &it.button, TITLE_LIMIT);
            place.address("url", &it.url);
        }
        InteractiveKind::List(it) => check_list(dialect, it, place),
        InteractiveKind::Flow(_)
        | InteractiveKind::ButtonReply(_)
        | InteractiveKind::ListReply(_)
        | InteractiveKind::FlowReply(_) => {
            place.fault("type", "unsupported_content", format!("cannot be sent on {}", dialect.name));
        }
    }
}

/// Buttons stand below words, or, with a picture above, on a card whose two lines are short.
fn check_frame(dialect: &Dialect, frame: &Frame, place: &mut Place<'_>) {
    match &frame.header {
        None => {
            place.words("body", &frame.body, BODY_LIMIT);
            refuse("footer", frame.footer.is_some(), dialect, place);
        }
        Some(Header::Image(picture)) => {
            files::check(dialect, "image", picture, &mut place.at("header"));
            place.words("body", &frame.body, CARD_LIMIT);
            if let Some(footer) = &frame.footer {
                place.words("footer", footer, CARD_LIMIT);
            }
        }
        Some(_) => {
            let message = format!("must be image on {}", dialect.name);
            place.at("header").fault("type", "not_supported", message);
        }
    }
}

/// A list goes out as quick replies, which show titles alone.
fn check_list(dialect: &Dialect, list: &List, place: &mut Place<'_>) {
    dialect.text.check("body", &list.frame.body, dialect.name, place);
    refuse("header", list.frame.header.is_some(), dialect, place);
    refuse("footer", list.frame.footer.is_some(), dialect, place);
    let rows = list.sections.iter().map(|section| section.rows.len()).sum::<usize>();
    if rows == 0 || rows > QUICK_REPLIES {
        let message =
            format!("must have 1 to {QUICK_REPLIES} rows in all on {}, and has {rows}", dialect.name);
        return place.fault("sections", if rows == 0 { "too_few" } else { "too_many" }, message);
    }
    for (n, section) in list.sections.iter().enumerate() {
        let mut place = place.item("sections", n);
        refuse("title", section.title.is_some(), dialect, &mut place);
        for (n, row) in section.rows.iter().enumerate() {
            let mut place = place.item("rows", n);
            place.words("id", &row.id, ID_LIMIT);
            place.words("title", &row.title, TITLE_LIMIT);
            refuse("description", row.description.is_some(), dialect, &mut place);
        }
    }
}

fn refuse(field: &str, given: bool, dialect: &Dialect, place: &mut Place<'_>) {
    if given {
        place.fault(field, "not_supported", format!("is not shown here on {}", dialect.name));
    }
}
