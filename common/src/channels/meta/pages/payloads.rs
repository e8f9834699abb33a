//! The JSON that is sent to the Send API.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Body of a call that sends a message.
#[derive(Debug, Serialize)]
pub(in crate::channels) struct MessageBody<'a> {
    pub recipient: Recipient<'a>,
    pub messaging_type: MessagingType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<&'static str>,
    pub message: Message<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyTo<'a>>,
}

/// Body of a call that does something else than send a message.
#[derive(Debug, Serialize)]
pub(in crate::channels) struct ActionBody<'a> {
    pub recipient: Recipient<'a>,
    pub sender_action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<ActionPayload<'a>>,
}

/// Whom it is for.
#[derive(Debug, Serialize)]
pub(in crate::channels) struct Recipient<'a> {
    pub id: &'a str,
}

/// Why a message may be sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum MessagingType {
    /// The contact wrote lately.
    Response,
    /// A tag allows it.
    MessageTag,
    /// The provider has approved it before.
    Utility,
}

/// What else can be done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    MarkSeen,
    React,
    Unreact,
}

/// On which message, and what.
#[derive(Debug, Serialize)]
pub(super) struct ActionPayload<'a> {
    pub message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reaction: Option<&'static str>,
}

/// The quoted message.
#[derive(Debug, Serialize)]
pub(super) struct ReplyTo<'a> {
    pub mid: &'a str,
}

/// What a message says.
#[derive(Debug, Default, Serialize)]
pub(super) struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<QuickReply<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Approved<'a>>,
    /// Comes back in the message's echo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Uuid>,
}

/// A word to tap instead of typing it.
#[derive(Debug, Serialize)]
pub(super) struct QuickReply<'a> {
    pub content_type: &'static str,
    pub title: &'a str,
    pub payload: &'a str,
}

/// A file, or something to press.
#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "payload", rename_all = "lowercase")]
pub(super) enum Attachment<'a> {
    Image(Link<'a>),
    Video(Link<'a>),
    Audio(Link<'a>),
    File(Link<'a>),
    Template(Template<'a>),
}

/// A file that the provider fetches.
#[derive(Debug, Serialize)]
pub(super) struct Link<'a> {
    pub url: &'a str,
}

/// Something to press.
#[derive(Debug, Serialize)]
#[serde(tag = "template_type", rename_all = "lowercase")]
pub(super) enum Template<'a> {
    Button { text: &'a str, buttons: Vec<Button<'a>> },
    Generic { elements: [Element<'a>; 1] },
}

/// A card with a picture.
#[derive(Debug, Serialize)]
pub(super) struct Element<'a> {
    pub title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<&'a str>,
    pub image_url: &'a str,
    pub buttons: Vec<Button<'a>>,
}

/// A button.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Button<'a> {
    Postback { title: &'a str, payload: &'a str },
    WebUrl { title: &'a str, url: &'a str },
}

/// What the provider has approved before, with its gaps filled in.
#[derive(Debug, Serialize)]
pub(super) struct Approved<'a> {
    pub name: &'a str,
    pub language: Language<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<Value>>,
}

/// A template's language.
#[derive(Debug, Serialize)]
pub(super) struct Language<'a> {
    pub code: &'a str,
}
