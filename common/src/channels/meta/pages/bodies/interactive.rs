//! Writes messages with something to press: buttons as a template, with a picture above as a card; a list as quick replies.

use super::link;
use crate::channels::meta::pages::payloads::{Attachment, Button, Element, Message, QuickReply, Template};
use crate::domain::content::{Frame, Header, InteractiveKind, List};

pub(super) fn message(kind: &InteractiveKind) -> Option<Message<'_>> {
    match kind {
        InteractiveKind::Buttons(it) => {
            let buttons = it.buttons.iter();
            let buttons = buttons.map(|it| Button::Postback { title: &it.title, payload: &it.id });
            template(&it.frame, buttons.collect())
        }
        InteractiveKind::CtaUrl(it) => {
            template(&it.frame, vec![Button::WebUrl { title: &it.button, url: &it.url }])
        }
        InteractiveKind::List(it) => Some(quick_replies(it)),
        InteractiveKind::Flow(_)
        | InteractiveKind::ButtonReply(_)
        | InteractiveKind::ListReply(_)
        | InteractiveKind::FlowReply(_) => None,
    }
}

fn template<'a>(frame: &'a Frame, buttons: Vec<Button<'a>>) -> Option<Message<'a>> {
    let template = match &frame.header {
        None => Template::Button { text: &frame.body, buttons },
        Some(Header::Image(picture)) => {
            let image_url = link(picture)?.url;
            let (title, subtitle) = (frame.body.as_str(), frame.footer.as_deref());
            Template::Generic { elements: [Element { title, subtitle, image_url, buttons }] }
        }
        Some(_) => return None,
    };
    Some(Message { attachment: Some(Attachment::Template(template)), ..Message::default() })
}

fn quick_replies(list: &List) -> Message<'_> {
    let rows = list.sections.iter().flat_map(|section| &section.rows);
    let quick_replies =
        rows.map(|row| QuickReply { content_type: "text", title: &row.title, payload: &row.id }).collect();
    Message { text: Some(&list.frame.body), quick_replies, ..Message::default() }
}
