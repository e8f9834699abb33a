//! Messages with something to press, and what the contact pressed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Media;

/// A message with something to press; inbound, what the contact pressed or filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InteractiveContent, example = json!({"interactive": {
    "type": "buttons", "body": "Does 10 o'clock suit you?", "buttons": [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}],
}}))]
pub struct Interactive {
    /// What there is to press, or what was pressed.
    pub interactive: InteractiveKind,
}

/// Kinds of interactive messages: `buttons`, `list`, `ctaUrl` and `flow` go out; the replies come in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[schema(as = InteractiveKind)]
pub enum InteractiveKind {
    /// Up to three buttons.
    Buttons(Buttons),
    /// A list to choose from.
    List(List),
    /// A button that opens an address.
    CtaUrl(CtaUrl),
    /// A form of the provider's.
    Flow(Flow),
    /// The contact pressed a button; inbound only.
    ButtonReply(Choice),
    /// The contact chose from a list; inbound only.
    ListReply(Choice),
    /// The contact sent a form; inbound only.
    FlowReply(FlowReply),
}

/// What stands around that which can be pressed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// Stands above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// The words.
    pub body: String,
    /// Stands below, small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
}

/// What stands above an interactive message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[schema(as = InteractiveHeader)]
pub enum Header {
    /// A line of words.
    Text {
        /// The words.
        text: String,
    },
    /// A picture, by `mediaId` or `url`.
    Image(Media),
    /// A film, by `mediaId` or `url`.
    Video(Media),
    /// A file, by `mediaId` or `url`.
    Document(Media),
}

/// A message with buttons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InteractiveButtons)]
pub struct Buttons {
    /// What stands around them.
    #[serde(flatten)]
    pub frame: Frame,
    /// The buttons.
    pub buttons: Vec<Button>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = InteractiveButton)]
pub struct Button {
    /// Comes back when it is pressed.
    pub id: String,
    /// What it says.
    pub title: String,
}

/// A list to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InteractiveList)]
pub struct List {
    /// What stands around it; its header is words only.
    #[serde(flatten)]
    pub frame: Frame,
    /// What the button says that opens it.
    pub button: String,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = InteractiveSection)]
pub struct Section {
    /// Stands above its rows; needed when there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What can be chosen.
    pub rows: Vec<Choice>,
}

/// A row of a list, or what was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = InteractiveChoice)]
pub struct Choice {
    /// Comes back when it is chosen.
    pub id: String,
    /// What it says.
    pub title: String,
    /// More words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A message with a button that opens an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InteractiveCtaUrl)]
pub struct CtaUrl {
    /// What stands around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// What the button says.
    pub button: String,
    /// What it opens.
    pub url: String,
}

/// A message with a button that opens a form of the provider's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InteractiveFlow)]
pub struct Flow {
    /// What stands around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// What the button says.
    pub button: String,
    /// The provider's id of the form; this or its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The form's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_name: Option<String>,
    /// Comes back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<String>,
    /// `published` (default) or `draft`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `navigate` (default) or `data_exchange`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The first screen, with `navigate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<String>,
    /// What the first screen starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Value>,
}

/// What the contact filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InteractiveFlowReply)]
pub struct FlowReply {
    /// The provider's name of what was answered, such as `flow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the contact sees of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The answers; a text where the provider's JSON cannot be read.
    #[schema(value_type = Object)]
    pub response: Value,
}

impl InteractiveKind {
    /// The words that a list of conversations shows of it.
    pub fn words(&self) -> &str {
        match self {
            Self::Buttons(it) => &it.frame.body,
            Self::List(it) => &it.frame.body,
            Self::CtaUrl(it) => &it.frame.body,
            Self::Flow(it) => &it.frame.body,
            Self::ButtonReply(it) | Self::ListReply(it) => &it.title,
            Self::FlowReply(it) => it.body.as_deref().unwrap_or("Form"),
        }
    }
}
