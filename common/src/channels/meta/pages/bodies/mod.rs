//! Writes a message as the provider wants it.

mod interactive;

use serde_json::{Value, json};

use super::payloads::{
    Action, ActionBody, ActionPayload, Approved, Attachment, Language, Link, Message, MessageBody,
    MessagingType, Recipient, ReplyTo,
};
use super::{Dialect, reactions};
use crate::channels::Outgoing;
use crate::domain::content::{Content, Media, Reaction, Template, TemplateParameters};

/// The tag of what a person answers within seven days.
const HUMAN_AGENT: &str = "HUMAN_AGENT";

/// A body to send.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Message(MessageBody<'a>),
    Action(ActionBody<'a>),
}

/// The body that sends a message; none for what cannot be sent.
pub(super) fn body<'a>(dialect: &Dialect, message: &Outgoing<'a>) -> Option<Body<'a>> {
    let recipient = Recipient { id: message.to };
    if let Content::Reaction(reaction) = message.content {
        let (sender_action, payload) = action(reaction, message.reply_to?)?;
        return Some(Body::Action(ActionBody { recipient, sender_action, payload: Some(payload) }));
    }
    let (messaging_type, tag) = match message.content {
        Content::Template(_) => (MessagingType::Utility, None),
        _ if message.as_human_agent => (MessagingType::MessageTag, Some(HUMAN_AGENT)),
        _ => (MessagingType::Response, None),
    };
    let said = said(dialect, message.content)?;
    let metadata = dialect.metadata.then_some(message.correlation);
    Some(Body::Message(MessageBody {
        recipient,
        messaging_type,
        tag,
        message: Message { metadata, ..said },
        reply_to: message.reply_to.map(|mid| ReplyTo { mid }),
    }))
}

fn action<'a>(reaction: &Reaction, target: &'a str) -> Option<(Action, ActionPayload<'a>)> {
    if reaction.emoji.is_empty() {
        return Some((Action::Unreact, ActionPayload { message_id: target, reaction: None }));
    }
    let word = reactions::word(&reaction.emoji)?;
    Some((Action::React, ActionPayload { message_id: target, reaction: Some(word) }))
}

fn said<'a>(dialect: &Dialect, content: &'a Content) -> Option<Message<'a>> {
    let attached = |attachment| Some(Message { attachment: Some(attachment), ..Message::default() });
    match content {
        Content::Text(text) => Some(Message { text: Some(&text.text), ..Message::default() }),
        Content::Image(media) => attached(Attachment::Image(link(media)?)),
        Content::Video(media) => attached(Attachment::Video(link(media)?)),
        Content::Audio(media) => attached(Attachment::Audio(link(media)?)),
        Content::Document(media) => attached(Attachment::File(link(media)?)),
        Content::Interactive(it) => interactive::message(&it.interactive),
        Content::Template(it) if dialect.table.templates => {
            Some(Message { template: Some(approved(it)), ..Message::default() })
        }
        _ => None,
    }
}

fn link(media: &Media) -> Option<Link<'_>> {
    Some(Link { url: media.url.as_deref()? })
}

fn approved(template: &Template) -> Approved<'_> {
    Approved {
        name: &template.name,
        language: Language { code: &template.language },
        components: components(template),
    }
}

/// As they were given, or a body out of the parameters.
fn components(template: &Template) -> Option<Vec<Value>> {
    if let Some(given) = &template.components {
        return Some(given.clone());
    }
    let parameters: Vec<Value> = match template.parameters.as_ref()? {
        TemplateParameters::Positional(texts) => {
            texts.iter().map(|text| json!({ "type": "text", "text": text })).collect()
        }
        TemplateParameters::Named(texts) => texts
            .iter()
            .map(|(name, text)| json!({ "type": "text", "parameter_name": name, "text": text }))
            .collect(),
    };
    (!parameters.is_empty()).then(|| vec![json!({ "type": "body", "parameters": parameters })])
}
