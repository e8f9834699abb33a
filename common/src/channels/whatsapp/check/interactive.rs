//! Checks messages with something to press.

use std::collections::HashSet;

use super::{Place, media};
use crate::domain::content::{Buttons, CtaUrl, Flow, Frame, Header, InteractiveKind, List, Media};

const BODY_LIMIT: usize = 1024;
const LIST_BODY_LIMIT: usize = 4096;
const HEADER_LIMIT: usize = 60;
const FOOTER_LIMIT: usize = 60;
/// What a button says, that of a list included.
const BUTTON_LIMIT: usize = 20;
const BUTTONS: usize = 3;
const BUTTON_ID_LIMIT: usize = 256;
const SECTIONS: usize = 10;
/// In all sections together.
const ROWS: usize = 10;
const ROW_ID_LIMIT: usize = 200;
/// Of a section and of a row.
const TITLE_LIMIT: usize = 24;
const DESCRIPTION_LIMIT: usize = 72;

pub(super) fn check(kind: &InteractiveKind, place: &mut Place<'_>) {
    match kind {
        InteractiveKind::Buttons(it) => check_buttons(it, place),
        InteractiveKind::List(it) => check_list(it, place),
        InteractiveKind::CtaUrl(it) => check_cta_url(it, place),
        InteractiveKind::Flow(it) => check_flow(it, place),
        InteractiveKind::ButtonReply(_) | InteractiveKind::ListReply(_) | InteractiveKind::FlowReply(_) => {
            place.fault("type", "unsupported_content", "cannot be sent");
        }
    }
}

fn check_frame(frame: &Frame, body_limit: usize, place: &mut Place<'_>) {
    if let Some(header) = &frame.header {
        check_header(header, &mut place.at("header"));
    }
    place.words("body", &frame.body, body_limit);
    if let Some(footer) = &frame.footer {
        place.words("footer", footer, FOOTER_LIMIT);
    }
}

fn check_header(header: &Header, place: &mut Place<'_>) {
    match header {
        Header::Text { text } => place.words("text", text, HEADER_LIMIT),
        Header::Image(file) => check_file("image", file, place),
        Header::Video(file) => check_file("video", file, place),
        Header::Document(file) => check_file("document", file, place),
    }
}

fn check_file(kind: &str, file: &Media, place: &mut Place<'_>) {
    media::check(kind, file, place);
    media::refuse_caption(file, place);
}

fn check_buttons(buttons: &Buttons, place: &mut Place<'_>) {
    check_frame(&buttons.frame, BODY_LIMIT, place);
    if !place.count("buttons", buttons.buttons.len(), BUTTONS) {
        return;
    }
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for (n, button) in buttons.buttons.iter().enumerate() {
        let mut place = place.item("buttons", n);
        place.words("id", &button.id, BUTTON_ID_LIMIT);
        place.words("title", &button.title, BUTTON_LIMIT);
        if !ids.insert(&button.id) {
            place.fault("id", "duplicate", "is the id of an earlier button");
        }
        if !titles.insert(&button.title) {
            place.fault("title", "duplicate", "is the title of an earlier button");
        }
    }
}

fn check_list(list: &List, place: &mut Place<'_>) {
    check_frame(&list.frame, LIST_BODY_LIMIT, place);
    if list.frame.header.as_ref().is_some_and(|header| !matches!(header, Header::Text { .. })) {
        place.at("header").fault("type", "not_supported", "must be text above a list on WhatsApp");
    }
    place.words("button", &list.button, BUTTON_LIMIT);
    let rows = list.sections.iter().map(|section| section.rows.len()).sum::<usize>();
    if rows > ROWS {
        let message = format!("may have {ROWS} rows in all on WhatsApp and have {rows}");
        place.fault("sections", "too_many", message);
        return;
    }
    if place.count("sections", list.sections.len(), SECTIONS) {
        check_sections(list, place);
    }
}

fn check_sections(list: &List, place: &mut Place<'_>) {
    let mut ids = HashSet::new();
    for (n, section) in list.sections.iter().enumerate() {
        let mut place = place.item("sections", n);
        match &section.title {
            Some(title) => place.words("title", title, TITLE_LIMIT),
            None if list.sections.len() > 1 => {
                place.fault("title", "required", "is required where there are several sections");
            }
            None => (),
        }
        place.count("rows", section.rows.len(), ROWS);
        for (n, row) in section.rows.iter().enumerate() {
            let mut place = place.item("rows", n);
            place.words("id", &row.id, ROW_ID_LIMIT);
            place.words("title", &row.title, TITLE_LIMIT);
            if let Some(description) = &row.description {
                place.words("description", description, DESCRIPTION_LIMIT);
            }
            if !ids.insert(&row.id) {
                place.fault("id", "duplicate", "is the id of an earlier row");
            }
        }
    }
}

fn check_cta_url(cta: &CtaUrl, place: &mut Place<'_>) {
    check_frame(&cta.frame, BODY_LIMIT, place);
    place.words("button", &cta.button, BUTTON_LIMIT);
    place.address("url", &cta.url);
}

fn check_flow(flow: &Flow, place: &mut Place<'_>) {
    check_frame(&flow.frame, BODY_LIMIT, place);
    place.filled("button", &flow.button);
    let texts = [
        ("flowId", &flow.flow_id),
        ("flowName", &flow.flow_name),
        ("flowToken", &flow.flow_token),
        ("screen", &flow.screen),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            place.filled(field, text);
        }
    }
    match (&flow.flow_id, &flow.flow_name) {
        (None, None) => place.fault("flowId", "required", "is required, or flowName"),
        (Some(_), Some(_)) => {
            place.fault("flowName", "conflicting", "cannot stand beside flowId: give one of them");
        }
        _ => (),
    }
    if let Some(mode) = &flow.mode {
        place.one_of("mode", mode, &["published", "draft"]);
    }
    if let Some(action) = &flow.action {
        place.one_of("action", action, &["navigate", "data_exchange"]);
    }
    // With a data exchange it is the form's own server that says where it begins.
    if flow.action.as_deref() == Some("data_exchange") {
        for (field, given) in [("screen", flow.screen.is_some()), ("data", flow.data.is_some())] {
            if given {
                place.fault(field, "not_supported", "is not taken with the action data_exchange");
            }
        }
    }
}
