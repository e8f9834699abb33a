//! The Graph API's JSON: what we send, and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Body of a call that sends a message.
#[derive(Debug, Serialize)]
pub(super) struct SendBody<'a> {
    pub messaging_product: &'static str,
    pub recipient_type: &'static str,
    #[serde(flatten)]
    pub recipient: Recipient<'a>,
    #[serde(flatten)]
    pub message: Message<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context<'a>>,
    /// Comes back in every status of the message.
    pub biz_opaque_callback_data: Uuid,
}

/// Whom a message goes to.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) enum Recipient<'a> {
    /// A phone number in E.164 form: without the plus sign the provider may take it for a local one.
    #[serde(rename = "to")]
    Number(String),
    /// A business-scoped user id.
    #[serde(rename = "recipient")]
    User(&'a str),
}

/// What a message says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Message<'a> {
    Text { text: TextBody<'a> },
    Image { image: Link<'a> },
    Video { video: Link<'a> },
    Audio { audio: Link<'a> },
    Document { document: Link<'a> },
    Sticker { sticker: Link<'a> },
    Location { location: PlaceBody<'a> },
    Contacts { contacts: Vec<Value> },
    Reaction { reaction: ReactionBody<'a> },
    Template { template: TemplateBody<'a> },
    Interactive { interactive: InteractiveBody<'a> },
}

/// Words.
#[derive(Debug, Serialize)]
pub(super) struct TextBody<'a> {
    pub body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<bool>,
}

/// A file that the provider fetches.
#[derive(Debug, Serialize)]
pub(super) struct Link<'a> {
    pub link: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<&'a str>,
}

/// A place.
#[derive(Debug, Serialize)]
pub(super) struct PlaceBody<'a> {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<&'a str>,
}

/// An emoji on a message; an empty one takes it away.
#[derive(Debug, Serialize)]
pub(super) struct ReactionBody<'a> {
    pub message_id: &'a str,
    pub emoji: &'a str,
}

/// A template with what fills its gaps.
#[derive(Debug, Serialize)]
pub(super) struct TemplateBody<'a> {
    pub name: &'a str,
    pub language: Language<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Components<'a>>,
}

/// A template's language.
#[derive(Debug, Serialize)]
pub(super) struct Language<'a> {
    pub code: &'a str,
    /// Just this language, and no other in its place.
    pub policy: &'static str,
}

/// What fills a template's gaps.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Components<'a> {
    Given(&'a [Value]),
    Body([BodyComponent<'a>; 1]),
}

/// What fills the gaps of a template's body.
#[derive(Debug, Serialize)]
pub(super) struct BodyComponent<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub parameters: Vec<TextParameter<'a>>,
}

/// What fills one gap, by its place or by its name.
#[derive(Debug, Serialize)]
pub(super) struct TextParameter<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_name: Option<&'a str>,
    pub text: &'a str,
}

/// Something to press.
#[derive(Debug, Serialize)]
pub(super) struct InteractiveBody<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderBody<'a>>,
    pub body: Words<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<Words<'a>>,
    pub action: Action<'a>,
}

/// Words above or below.
#[derive(Debug, Serialize)]
pub(super) struct Words<'a> {
    pub text: &'a str,
}

/// What stands above.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum HeaderBody<'a> {
    Text { text: &'a str },
    Image { image: Link<'a> },
    Video { video: Link<'a> },
    Document { document: Link<'a> },
}

/// What can be pressed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Action<'a> {
    Buttons { buttons: Vec<ReplyButton<'a>> },
    List { button: &'a str, sections: Vec<SectionBody<'a>> },
    CtaUrl { name: &'static str, parameters: CtaUrlParameters<'a> },
    Flow { name: &'static str, parameters: Box<FlowParameters<'a>> },
}

/// A button whose id comes back.
#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "reply", rename_all = "lowercase")]
pub(super) enum ReplyButton<'a> {
    Reply { id: &'a str, title: &'a str },
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct SectionBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    pub rows: Vec<RowBody<'a>>,
}

/// A row of a list.
#[derive(Debug, Serialize)]
pub(super) struct RowBody<'a> {
    pub id: &'a str,
    pub title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
}

/// What a button opens.
#[derive(Debug, Serialize)]
pub(super) struct CtaUrlParameters<'a> {
    pub display_text: &'a str,
    pub url: &'a str,
}

/// Which form a button opens, and how.
#[derive(Debug, Serialize)]
pub(super) struct FlowParameters<'a> {
    pub flow_message_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_name: Option<&'a str>,
    pub flow_cta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action_payload: Option<FlowStart<'a>>,
}

/// The form's first screen, and what it starts with.
#[derive(Debug, Serialize)]
pub(super) struct FlowStart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<&'a Value>,
}

/// The quoted message.
#[derive(Debug, Serialize)]
pub(super) struct Context<'a> {
    pub message_id: &'a str,
}

/// Body of a call that marks a message as read.
#[derive(Debug, Serialize)]
pub(super) struct ReadBody<'a> {
    pub messaging_product: &'static str,
    pub status: &'static str,
    pub message_id: &'a str,
}

/// Answer to a message that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct SendAnswer {
    pub messages: Vec<SentMessage>,
}

/// The message that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct SentMessage {
    pub id: String,
}
