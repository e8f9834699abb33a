//! Writes messages with something to press.

use super::{document, plain};
use crate::channels::whatsapp::payloads::{
    Action, CtaUrlParameters, FlowParameters, FlowStart, HeaderBody, InteractiveBody, ReplyButton, RowBody,
    SectionBody, Words,
};
use crate::domain::content::{Choice, CtaUrl, Flow, Frame, Header, InteractiveKind, Section};

/// The version of the provider's form messages that the parameters belong to.
const FLOW_MESSAGE_VERSION: &str = "3";

pub(super) fn interactive(kind: &InteractiveKind) -> Option<InteractiveBody<'_>> {
    match kind {
        InteractiveKind::Buttons(it) => {
            let buttons = it.buttons.iter();
            let buttons = buttons.map(|it| ReplyButton::Reply { id: &it.id, title: &it.title }).collect();
            framed("button", &it.frame, Action::Buttons { buttons })
        }
        InteractiveKind::List(it) => {
            let sections = it.sections.iter().map(section).collect();
            framed("list", &it.frame, Action::List { button: &it.button, sections })
        }
        InteractiveKind::CtaUrl(it) => framed("cta_url", &it.frame, cta_url(it)),
        InteractiveKind::Flow(it) => framed("flow", &it.frame, flow(it)),
        InteractiveKind::ButtonReply(_) | InteractiveKind::ListReply(_) | InteractiveKind::FlowReply(_) => {
            None
        }
    }
}

fn framed<'a>(kind: &'static str, frame: &'a Frame, action: Action<'a>) -> Option<InteractiveBody<'a>> {
    let header = match &frame.header {
        None => None,
        Some(Header::Text { text }) => Some(HeaderBody::Text { text }),
        Some(Header::Image(media)) => Some(HeaderBody::Image { image: plain(media)? }),
        Some(Header::Video(media)) => Some(HeaderBody::Video { video: plain(media)? }),
        Some(Header::Document(media)) => Some(HeaderBody::Document { document: document(media)? }),
    };
    let footer = frame.footer.as_deref().map(|text| Words { text });
    Some(InteractiveBody { kind, header, body: Words { text: &frame.body }, footer, action })
}

fn section(section: &Section) -> SectionBody<'_> {
    SectionBody { title: section.title.as_deref(), rows: section.rows.iter().map(row).collect() }
}

fn row(row: &Choice) -> RowBody<'_> {
    RowBody { id: &row.id, title: &row.title, description: row.description.as_deref() }
}

fn cta_url(cta: &CtaUrl) -> Action<'_> {
    Action::CtaUrl {
        name: "cta_url",
        parameters: CtaUrlParameters { display_text: &cta.button, url: &cta.url },
    }
}

fn flow(flow: &Flow) -> Action<'_> {
    let start = FlowStart { screen: flow.screen.as_deref(), data: flow.data.as_ref() };
    let starts = start.screen.is_some() || start.data.is_some();
    let parameters = FlowParameters {
        flow_message_version: FLOW_MESSAGE_VERSION,
        flow_id: flow.flow_id.as_deref(),
        flow_name: flow.flow_name.as_deref(),
        flow_cta: &flow.button,
        flow_token: flow.flow_token.as_deref(),
        mode: flow.mode.as_deref(),
        flow_action: flow.action.as_deref(),
        flow_action_payload: starts.then_some(start),
    };
    Action::Flow { name: "flow", parameters: Box::new(parameters) }
}
