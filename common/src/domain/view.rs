//! Conversations and messages as clients see them: the one shape that the API answers and that events carry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::content::{Content, MessageContext};
use super::ids::{ApiKeyId, ContactId, ConversationId, InboxId, MessageId, TeamId, UserId};
use super::message::{Failure, Status};
use crate::channels::{Channel, content_types};
use crate::problem::{MessagingWindow, Timestamp, WindowState};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub enum $name {
            $($(#[$item])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The stored and shown word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($text => Ok(Self::$variant),)+ other => Err(format!("{other} is not known here")) }
            }
        }
    };
}

words! {
    /// Which way a message went.
    Direction {
        /// From the contact.
        Inbound = "inbound",
        /// To the contact.
        Outbound = "outbound",
    }
}

words! {
    /// What kind of caller sent a message.
    SenderType {
        /// The contact.
        Contact = "contact",
        /// A user.
        User = "user",
        /// A program, by its API key.
        ApiKey = "apiKey",
        /// A visitor of a shared link.
        SharedLink = "sharedLink",
        /// A visitor of an embed.
        Embed = "embed",
        /// The business itself, from the channel's own app on its phone.
        BusinessApp = "businessApp",
    }
}

words! {
    /// Whether a conversation is in the default view.
    ConversationState {
        /// It is.
        Open = "open",
        /// It was moved out; the contact's next message brings it back.
        Archived = "archived",
    }
}

/// A message in either direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub struct MessageView {
    /// Id; ids of one conversation rise in the order of its messages.
    #[schema(value_type = String, example = "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B")]
    pub id: MessageId,
    /// The conversation it belongs to.
    #[schema(value_type = String, example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")]
    pub conversation_id: ConversationId,
    /// Which way it went.
    pub direction: Direction,
    /// The provider's time inbound; outbound acceptance, or release if it was scheduled or held.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub timestamp: Timestamp,
    /// What it says.
    pub content: Content,
    /// How far it got.
    pub status: Status,
    /// Who sent it.
    pub sender: SenderView,
    /// The message it quotes.
    #[schema(value_type = Option<String>)]
    pub reply_to: Option<MessageId>,
    /// Reactions to it.
    #[serde(default)]
    pub reactions: Vec<ReactionView>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// The provider's id of it.
    pub provider_message_id: Option<String>,
    /// When it is to be sent, if it was scheduled.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub scheduled_at: Option<Timestamp>,
    /// When its sender last edited it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Timestamp>,
    /// When its sender deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
    /// What surrounds it, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<MessageContext>,
    /// The client's own reference, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_reference: Option<String>,
    /// Each thing that happened to it, in order; on the single GET only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Vec<TimelineEntry>>,
}

/// Who sent a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageSender)]
pub struct SenderView {
    /// Kind of caller.
    pub r#type: SenderType,
    /// Its id, in the form of its kind.
    #[schema(example = "key_01KASDN4YX2V8D3F3S5C0Q7ZTR")]
    pub id: String,
    /// Its name, if it has one; of an embed, the name of the viewer who sent it, if that is known.
    pub name: Option<String>,
    /// Through an embed: the viewer's id in the product that holds it, if that has told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "user-42")]
    pub viewer_id: Option<String>,
}

/// Who sent a message, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Kind of caller.
    pub r#type: SenderType,
    /// Its id.
    pub id: Uuid,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The viewer of an embed, by its id in the product that holds it.
    pub viewer: Option<String>,
}

impl Sender {
    /// As clients see it.
    pub fn view(&self) -> SenderView {
        SenderView {
            viewer_id: self.viewer.clone(),
            ..SenderView::new(self.r#type, self.id, self.name.clone())
        }
    }
}

impl SenderView {
    /// A sender whose stored id is shown in the form of its kind.
    pub fn new(r#type: SenderType, id: Uuid, name: Option<String>) -> Self {
        let id = match r#type {
            SenderType::Contact => ContactId(id).to_string(),
            SenderType::User => UserId(id).to_string(),
            SenderType::ApiKey => ApiKeyId(id).to_string(),
            SenderType::BusinessApp => InboxId(id).to_string(),
            SenderType::SharedLink | SenderType::Embed => id.to_string(),
        };
        Self { r#type, id, name, viewer_id: None }
    }
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reaction)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// Who reacted.
    pub sender: SenderView,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// The reactions that clients see: one that was taken away is kept as an empty one, so that an older one does not come back.
pub fn shown(mut reactions: Vec<ReactionView>) -> Vec<ReactionView> {
    reactions.retain(|reaction| !reaction.emoji.is_empty());
    reactions
}

/// One thing that happened to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub at: Timestamp,
    /// Stable word for programs.
    #[schema(example = "accepted")]
    pub event: String,
    /// Which try at delivery it belongs to.
    pub attempt: Option<i32>,
    /// More, by event.
    #[schema(value_type = Option<Object>)]
    pub detail: Option<Value>,
    /// The same in words, for people.
    #[schema(example = "Accepted")]
    pub text: String,
}

impl TimelineEntry {
    /// An entry with its text in words.
    pub fn new(at: Timestamp, event: String, attempt: Option<i32>, detail: Option<Value>) -> Self {
        let text = in_words(&event, attempt, detail.as_ref());
        Self { at, event, attempt, detail, text }
    }
}

/// `retry_due`, 2, {"code": "131026"} → `Retry due (attempt 2): code 131026`.
fn in_words(event: &str, attempt: Option<i32>, detail: Option<&Value>) -> String {
    let mut text = event.replace(['_', '.'], " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if let Some(attempt) = attempt {
        text.push_str(&format!(" (attempt {attempt})"));
    }
    let more = match detail {
        None | Some(Value::Null) => String::new(),
        Some(Value::Object(fields)) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{} {}", spaced(name), bare(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Some(value) => bare(value),
    };
    if !more.is_empty() {
        text.push_str(": ");
        text.push_str(&more);
    }
    text
}

/// `providerCode` → `provider code`.
fn spaced(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push(' ');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// All messages with one contact address on one inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conversation)]
pub struct ConversationView {
    /// Id; `chatId` in paths.
    #[schema(value_type = String, example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")]
    pub id: ConversationId,
    /// The inbox it came in at and is answered from.
    #[schema(value_type = String, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    pub inbox_id: InboxId,
    /// The inbox's channel.
    pub channel: Channel,
    /// The other side.
    pub contact: ContactView,
    /// Whether it is in the default view.
    pub state: ConversationState,
    /// Messages of the contact that nobody has read.
    #[schema(example = 2)]
    pub unread_count: i32,
    /// Whose it is.
    pub assignee: Option<AssigneeView>,
    /// The team it was routed to.
    #[schema(value_type = Option<String>)]
    pub team_id: Option<TeamId>,
    /// Its newest message, shortened.
    pub last_message: Option<LastMessageView>,
    /// When it last had a message.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub last_message_date: Timestamp,
    /// Whether free-form replies may be sent now.
    pub messaging_window: MessagingWindow,
    /// Content types that may be sent now.
    #[schema(example = json!(["text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction",
        "template", "interactive"]))]
    pub can_send: Vec<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// The other side of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationContact)]
pub struct ContactView {
    /// Id of the contact.
    #[schema(value_type = String, example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")]
    pub id: ContactId,
    /// Name, as the contact gives it on the channel.
    #[schema(example = "Ada")]
    pub name: Option<String>,
    /// Address on the channel.
    #[schema(example = "15550001111")]
    pub address: String,
    /// Picture.
    pub avatar_url: Option<String>,
}

/// Whose a conversation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationAssignee)]
pub struct AssigneeView {
    /// Id of the user.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Name.
    pub name: String,
    /// Picture.
    pub avatar_url: Option<String>,
}

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LastMessage)]
pub struct LastMessageView {
    /// Id of the message.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// Its beginning, or the kind of what it carries.
    #[schema(example = "Hello")]
    pub preview: String,
    /// Its time.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// Content types that may be sent on `channel` in a window of this state.
pub fn can_send(channel: Channel, window: WindowState) -> &'static [&'static str] {
    content_types(channel, window)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_timeline_entry_is_told_in_words() {
        let cases = [
            ("accepted", None, None, "Accepted"),
            (
                "retry_due",
                Some(2),
                Some(json!({"providerCode": "131026", "none": null})),
                "Retry due (attempt 2): provider code 131026",
            ),
            ("status.read", None, Some(json!("late")), "Status read: late"),
        ];
        for (event, attempt, detail, expected) in cases {
            assert_eq!(in_words(event, attempt, detail.as_ref()), expected);
        }
    }

    #[test]
    fn a_senders_id_has_the_form_of_its_kind() {
        let id = Uuid::now_v7();
        assert!(SenderView::new(SenderType::Contact, id, None).id.starts_with("ctc_"));
        assert!(SenderView::new(SenderType::ApiKey, id, None).id.starts_with("key_"));
        assert_eq!(SenderView::new(SenderType::Embed, id, None).id, id.to_string());
    }
}
