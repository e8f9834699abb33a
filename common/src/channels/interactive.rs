//! Whether a channel takes a message with something to press: every kind against the limits of the channel's table.

use std::collections::HashSet;

use super::capabilities::{
    ButtonsLimits, Capabilities, CtaUrlLimits, FlowLimits, FrameLimits, InteractiveLimits, ListLimits,
    TextLimit,
};
use super::place::Place;
use crate::domain::content::{Buttons, CtaUrl, Flow, Frame, Header, InteractiveKind, List};

/// Notes every field at fault.
pub(super) fn check(kind: &InteractiveKind, table: &Capabilities, place: &mut Place<'_>) {
    let InteractiveLimits { buttons, list, cta_url, flow } = table.interactive;
    match (kind, buttons, list, cta_url, flow) {
        (InteractiveKind::Buttons(it), Some(limits), ..) => check_buttons(it, (&limits, table), place),
        (InteractiveKind::List(it), _, Some(limits), ..) => check_list(it, (&limits, table), place),
        (InteractiveKind::CtaUrl(it), _, _, Some(limits), _) => check_cta_url(it, (&limits, table), place),
        (InteractiveKind::Flow(it), _, _, _, Some(limits)) => check_flow(it, (&limits, table), place),
        _ => place.fault("type", "unsupported_content", "cannot be sent"),
    }
}

fn check_frame(frame: &Frame, (limits, table): (&FrameLimits, &Capabilities), place: &mut Place<'_>) {
    match &frame.header {
        Some(_) if limits.header_types.is_empty() => place.unsupported("header"),
        Some(header) => check_header(header, (limits, table), &mut place.at("header")),
        None => (),
    }
    let (max_length, max_footer) = if has_file(frame) {
        (limits.max_body_with_file, limits.max_footer_with_file)
    } else {
        (limits.max_body, limits.max_footer)
    };
    place.text("body", &frame.body, TextLimit { max_length, unit: limits.body_unit });
    match &frame.footer {
        Some(_) if max_footer == 0 => place.unsupported("footer"),
        Some(footer) => place.words("footer", footer, max_footer),
        None => (),
    }
}

fn has_file(frame: &Frame) -> bool {
    frame.header.as_ref().is_some_and(|header| !matches!(header, Header::Text { .. }))
}

fn check_header(header: &Header, (limits, table): (&FrameLimits, &Capabilities), place: &mut Place<'_>) {
    let (kind, file) = match header {
        Header::Text { .. } => ("text", None),
        Header::Image(file) => ("image", Some(file)),
        Header::Video(file) => ("video", Some(file)),
        Header::Document(file) => ("document", Some(file)),
    };
    if !limits.header_types.contains(&kind) {
        return place.fault(
            "type",
            "not_supported",
            format!("must be {} here", limits.header_types.join(" or ")),
        );
    }
    if let Header::Text { text } = header {
        place.words("text", text, limits.max_header);
    }
    if let Some(file) = file {
        place.file(kind, file, table);
        place.no_caption(file);
    }
}

fn check_buttons(buttons: &Buttons, (limits, table): (&ButtonsLimits, &Capabilities), place: &mut Place<'_>) {
    check_frame(&buttons.frame, (&limits.frame, table), place);
    let most = if has_file(&buttons.frame) { limits.max_buttons_with_file } else { limits.max_buttons };
    if !place.count("buttons", buttons.buttons.len(), most) {
        return;
    }
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for (n, button) in buttons.buttons.iter().enumerate() {
        let mut place = place.item("buttons", n);
        place.words("id", &button.id, limits.max_id);
        place.words("title", &button.title, limits.max_title);
        if !ids.insert(&button.id) {
            place.fault("id", "duplicate", "is the id of an earlier button");
        }
        if !titles.insert(&button.title) {
            place.fault("title", "duplicate", "is the title of an earlier button");
        }
    }
}

fn check_list(list: &List, (limits, table): (&ListLimits, &Capabilities), place: &mut Place<'_>) {
    check_frame(&list.frame, (&limits.frame, table), place);
    place.words("button", &list.button, limits.max_button);
    let rows = list.sections.iter().map(|section| section.rows.len()).sum::<usize>();
    if rows > limits.max_rows {
        let message = format!("may have {} rows in all and have {rows}", limits.max_rows);
        place.fault("sections", "too_many", message);
        return;
    }
    if place.count("sections", list.sections.len(), limits.max_sections) {
        check_sections(list, limits, place);
    }
}

fn check_sections(list: &List, limits: &ListLimits, place: &mut Place<'_>) {
    let mut ids = HashSet::new();
    for (n, section) in list.sections.iter().enumerate() {
        let mut place = place.item("sections", n);
        match &section.title {
            Some(_) if limits.max_section_title == 0 => place.unsupported("title"),
            Some(title) => place.words("title", title, limits.max_section_title),
            None if list.sections.len() > 1 && limits.max_section_title > 0 => {
                place.fault("title", "required", "is required where there are several sections");
            }
            None => (),
        }
        place.count("rows", section.rows.len(), limits.max_rows);
        for (n, row) in section.rows.iter().enumerate() {
            let mut place = place.item("rows", n);
            place.words("id", &row.id, limits.max_id);
            place.words("title", &row.title, limits.max_row_title);
            match &row.description {
                Some(_) if limits.max_description == 0 => place.unsupported("description"),
                Some(description) => place.words("description", description, limits.max_description),
                None => (),
            }
            if !ids.insert(&row.id) {
                place.fault("id", "duplicate", "is the id of an earlier row");
            }
        }
    }
}

fn check_cta_url(cta: &CtaUrl, (limits, table): (&CtaUrlLimits, &Capabilities), place: &mut Place<'_>) {
    check_frame(&cta.frame, (&limits.frame, table), place);
    place.words("button", &cta.button, limits.max_button);
    place.address("url", &cta.url);
}

fn check_flow(flow: &Flow, (limits, table): (&FlowLimits, &Capabilities), place: &mut Place<'_>) {
    check_frame(&flow.frame, (&limits.frame, table), place);
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
