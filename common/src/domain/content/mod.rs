//! What a message says: one type for both directions, tagged by `type`.

mod card;
mod context;
mod inbound;
mod interactive;
mod media;
mod outgoing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::ids::MessageId;

pub use card::{Card, CardAddress, CardEmail, CardName, CardOrg, CardPhone, CardUrl, Contacts};
pub use context::{MessageContext, ReferredProduct};
pub use inbound::{Order, OrderItem, Postback, Referral, System, Unsupported};
pub use interactive::{
    Button, Buttons, Choice, CtaUrl, Flow, FlowReply, Frame, Header, Interactive, InteractiveKind, List,
    Section,
};
pub use media::Media;
pub use outgoing::{invalid, parse_outgoing};

/// Most characters of a preview.
pub const PREVIEW_LIMIT: usize = 200;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[schema(example = json!({"type": "text", "text": "Hello"}))]
pub enum Content {
    /// Words.
    Text(Text),
    /// A picture.
    Image(Media),
    /// A film.
    Video(Media),
    /// A recording.
    Audio(Media),
    /// A file.
    Document(Media),
    /// A sticker.
    Sticker(Media),
    /// A place.
    Location(Location),
    /// Contact cards.
    Contacts(Contacts),
    /// An emoji on an earlier message.
    Reaction(Reaction),
    /// A message that the provider has approved before, with its gaps filled in; outbound only.
    Template(Template),
    /// Something to press, or what was pressed.
    Interactive(Box<Interactive>),
    /// Goods that the contact wants; inbound only.
    Order(Order),
    /// The contact came through an advertisement or a link and said nothing yet; inbound only.
    Referral(Referral),
    /// The contact pressed a template's button; inbound only.
    Postback(Postback),
    /// Something from the contact that the product does not know; inbound only.
    Unsupported(Unsupported),
    /// The channel tells something about the contact, such as a new number; inbound only.
    System(System),
    /// Its sender has deleted it.
    Deleted,
}

/// Words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TextContent, example = json!({"text": "Hello", "previewUrl": true}))]
pub struct Text {
    /// The words.
    pub text: String,
    /// Whether the first link in the text is shown with a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<bool>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = LocationContent, example = json!({"latitude": 52.5163, "longitude": 13.3777, "name": "Brandenburg Gate"}))]
pub struct Location {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An emoji on an earlier message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReactionContent, example = json!({"messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": "👍"}))]
pub struct Reaction {
    /// The message it is put on; null where that one is not known here, and then `context` names it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub message_id: Option<MessageId>,
    /// The emoji; empty to take it away.
    pub emoji: String,
}

/// A message that the provider has approved before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TemplateContent, example = json!({"name": "order_update", "language": "en_US", "parameters": ["Ada", "42"]}))]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its language, such as `en_US`.
    pub language: String,
    /// What fills its gaps, in the provider's own form; this or `parameters`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub components: Option<Vec<Value>>,
    /// What fills the gaps of its body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<TemplateParameters>,
}

/// What fills the gaps of a template's body: texts in order, or by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TemplateParameters {
    /// For `{{1}}`, `{{2}}` and so on.
    Positional(Vec<String>),
    /// For `{{name}}`.
    Named(BTreeMap<String, String>),
}

impl Content {
    /// Plain words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text { text: text.into(), preview_url: None })
    }

    /// What it says after an edit: a file that the edit does not replace stays, with its new caption.
    pub fn edited(&self, edit: &Self) -> Self {
        let same_file = |before: &Media, after: &Media| {
            let replaced =
                after.provider_media_id.is_some() && after.provider_media_id != before.provider_media_id;
            (!replaced).then(|| Media { caption: after.caption.clone(), ..before.clone() })
        };
        let kept = match (self, edit) {
            (Self::Image(before), Self::Image(after)) => same_file(before, after).map(Self::Image),
            (Self::Video(before), Self::Video(after)) => same_file(before, after).map(Self::Video),
            (Self::Document(before), Self::Document(after)) => same_file(before, after).map(Self::Document),
            _ => None,
        };
        kept.unwrap_or_else(|| edit.clone())
    }

    /// What a contact sends and nobody has to read: a reaction shows at its message, and a note needs no answer.
    pub const NOT_TO_BE_READ: [&str; 2] = ["reaction", "system"];

    /// Whether somebody ought to read it, if a contact sent it.
    pub fn is_to_be_read(&self) -> bool {
        !Self::NOT_TO_BE_READ.contains(&self.kind())
    }

    /// The word that tags it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::Document(_) => "document",
            Self::Sticker(_) => "sticker",
            Self::Location(_) => "location",
            Self::Contacts(_) => "contacts",
            Self::Reaction(_) => "reaction",
            Self::Template(_) => "template",
            Self::Interactive(_) => "interactive",
            Self::Order(_) => "order",
            Self::Referral(_) => "referral",
            Self::Postback(_) => "postback",
            Self::Unsupported(_) => "unsupported",
            Self::System(_) => "system",
            Self::Deleted => "deleted",
        }
    }

    /// One line of at most `PREVIEW_LIMIT` characters for lists.
    pub fn preview(&self) -> String {
        let media =
            |kind: &str, words: Option<&str>| match words.map(one_line).filter(|line| !line.is_empty()) {
                Some(words) => shorten(&format!("{kind}: {words}")),
                None => kind.to_owned(),
            };
        match self {
            Self::Text(text) => one_line(&text.text),
            Self::Image(it) => media("Image", it.caption.as_deref()),
            Self::Video(it) => media("Video", it.caption.as_deref()),
            Self::Audio(_) => "Audio".into(),
            Self::Document(it) => media("Document", it.caption.as_deref().or(it.filename.as_deref())),
            Self::Sticker(_) => "Sticker".into(),
            Self::Location(it) => media("Location", it.name.as_deref().or(it.address.as_deref())),
            Self::Contacts(it) => {
                let names = it.contacts.iter().map(|card| card.name.formatted_name.as_str());
                // Each name has a character, and a separator: so many are enough to see that the limit is passed.
                let names: Vec<_> = names.take(PREVIEW_LIMIT).collect();
                media(if names.len() == 1 { "Contact" } else { "Contacts" }, Some(&names.join(", ")))
            }
            Self::Reaction(it) if it.emoji.is_empty() => "Reaction removed".into(),
            Self::Reaction(it) => media("Reaction", Some(&it.emoji)),
            Self::Template(it) => media("Template", Some(&it.name)),
            Self::Interactive(it) => one_line(it.interactive.words()),
            Self::Order(it) => media("Order", it.text.as_deref()),
            Self::Referral(it) => media("Referral", it.headline.as_deref()),
            Self::Postback(it) => one_line(it.title.as_deref().unwrap_or(&it.payload)),
            Self::Unsupported(_) => "Unsupported message".into(),
            Self::System(it) => one_line(&it.text),
            Self::Deleted => "Deleted message".into(),
        }
    }
}

/// `text` with every run of white space and control characters as one space, shortened.
fn one_line(text: &str) -> String {
    // A little more than the limit is enough to see that it is passed; texts may be long.
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(PREVIEW_LIMIT + 1));
        if line.chars().count() > PREVIEW_LIMIT {
            break;
        }
    }
    shorten(&line)
}

fn shorten(line: &str) -> String {
    if line.chars().count() <= PREVIEW_LIMIT {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(PREVIEW_LIMIT - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_tagged_by_type_in_camel_case() {
        let cases = [
            (Content::text("hi"), json!({"type": "text", "text": "hi"})),
            (
                Content::Document(Media {
                    url: Some("https://x.example/a".into()),
                    mime_type: Some("application/pdf".into()),
                    provider_media_id: Some("77".into()),
                    ..Media::default()
                }),
                json!({"type": "document", "url": "https://x.example/a", "mimeType": "application/pdf", "providerMediaId": "77"}),
            ),
            (
                Content::Unsupported(Unsupported { reason: None, raw: json!({"type": "order"}) }),
                json!({"type": "unsupported", "raw": {"type": "order"}}),
            ),
            (Content::Deleted, json!({"type": "deleted"})),
        ];
        for (content, shown) in cases {
            assert_eq!(serde_json::to_value(&content).unwrap(), shown);
            assert_eq!(shown["type"], content.kind());
            assert_eq!(serde_json::from_value::<Content>(shown).unwrap(), content);
        }
    }

    #[test]
    fn every_type_has_a_preview() {
        let interactive = |interactive: Value| json!({"type": "interactive", "interactive": interactive});
        let cases = [
            (json!({"type": "sticker", "url": "u"}), "Sticker"),
            (json!({"type": "location", "latitude": 1, "longitude": 2}), "Location"),
            (json!({"type": "location", "latitude": 1, "longitude": 2, "name": "Gate"}), "Location: Gate"),
            (
                json!({"type": "location", "latitude": 1, "longitude": 2, "address": "1 High St"}),
                "Location: 1 High St",
            ),
            (json!({"type": "contacts", "contacts": [{"name": {"formattedName": "Ada"}}]}), "Contact: Ada"),
            (
                json!({"type": "contacts", "contacts": [{"name": {"formattedName": "Ada"}}, {"name": {"formattedName": "Bob"}}]}),
                "Contacts: Ada, Bob",
            ),
            (
                json!({"type": "reaction", "messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": "👍"}),
                "Reaction: 👍",
            ),
            (
                json!({"type": "reaction", "messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": ""}),
                "Reaction removed",
            ),
            (json!({"type": "template", "name": "order_update", "language": "en"}), "Template: order_update"),
            (interactive(json!({"type": "buttons", "body": "Which\nday?", "buttons": []})), "Which day?"),
            (interactive(json!({"type": "list", "body": "Which?", "button": "b", "sections": []})), "Which?"),
            (interactive(json!({"type": "ctaUrl", "body": "Look", "button": "b", "url": "u"})), "Look"),
            (interactive(json!({"type": "flow", "body": "Fill in", "button": "b"})), "Fill in"),
            (interactive(json!({"type": "listReply", "id": "1", "title": "Monday"})), "Monday"),
        ];
        for (content, expected) in cases {
            let content: Content = serde_json::from_value(content).unwrap();
            assert_eq!(content.preview(), expected);
        }
    }

    #[test]
    fn an_edit_keeps_the_file_that_it_does_not_replace() {
        let file = |id: Option<&str>, caption: &str| Media {
            provider_media_id: id.map(Into::into),
            caption: Some(caption.into()),
            ..Media::default()
        };
        let before = Media { media_id: Some("stored".into()), ..file(Some("1"), "teh") };
        let expected = Content::Image(Media { caption: Some("the".into()), ..before.clone() });
        let before = Content::Image(before);
        for id in [None, Some("1")] {
            assert_eq!(before.edited(&Content::Image(file(id, "the"))), expected);
        }
        for other in
            [Content::Image(file(Some("2"), "the")), Content::Video(file(None, "the")), Content::text("x")]
        {
            assert_eq!(before.edited(&other), other);
        }
    }

    #[test]
    fn a_preview_is_one_short_line() {
        let captioned = |caption: &str| Media { caption: Some(caption.into()), ..Media::default() };
        let named = Media { filename: Some("bill.pdf".into()), ..Media::default() };
        let cases = [
            (Content::text(" a\n\nb\t\u{0} c "), "a b c".to_owned()),
            (Content::text(""), String::new()),
            (Content::text("é".repeat(200)), "é".repeat(200)),
            (Content::text("😀".repeat(201)), format!("{}…", "😀".repeat(199))),
            (Content::text("ab ".repeat(4000)), format!("{}a…", "ab ".repeat(66))),
            (Content::Image(captioned("at sea")), "Image: at sea".to_owned()),
            (Content::Image(captioned(" ")), "Image".to_owned()),
            (Content::Video(captioned(&"v".repeat(500))), format!("Video: {}…", "v".repeat(192))),
            (Content::Document(named), "Document: bill.pdf".to_owned()),
            (Content::Audio(Media::default()), "Audio".to_owned()),
        ];
        for (content, expected) in cases {
            assert_eq!(content.preview(), expected);
            assert!(content.preview().chars().count() <= PREVIEW_LIMIT);
        }
    }
}
