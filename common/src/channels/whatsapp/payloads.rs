//! The Graph API's JSON: what we send, and what it answers.

use serde::{Deserialize, Deserializer, Serialize};
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

/// The quoted message.
#[derive(Debug, Serialize)]
pub(super) struct Context<'a> {
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

/// Body of an error.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub error: GraphError,
}

/// What the Graph API says of an error, in answers and in statuses. Fields of an unexpected type count as missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GraphError {
    #[serde(deserialize_with = "number")]
    pub code: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub error_subcode: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub error_user_msg: Option<String>,
    #[serde(deserialize_with = "any")]
    pub error_data: Value,
    #[serde(deserialize_with = "any")]
    pub is_transient: Value,
}

fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Value::deserialize(deserializer)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(&Value::deserialize(deserializer)?))
}

/// A whole number, written as a number or as a text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
