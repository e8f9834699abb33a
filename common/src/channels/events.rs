//! What channels tell, raw and understood.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::contact::OptOut;
use crate::domain::content::{Content, MessageContext};
use crate::domain::message::{Failure, Status};

/// One message or status of a webhook, as the provider told it.
#[derive(Debug, Clone, PartialEq)]
pub struct RawEvent {
    /// The provider's id of the inbox's resource.
    pub resource: String,
    /// What it is.
    pub kind: EventKind,
    /// The contact's address, as far as the event tells: events of one address are worked off in stored order.
    pub address: String,
    /// What makes the event unique within its inbox.
    pub dedupe_key: String,
    /// The event, with what of its surroundings is needed to work it off alone.
    pub payload: serde_json::Value,
}

/// Kinds of raw events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Something that a contact sent, or the business from its own phone.
    Message,
    /// How a message of ours fares.
    Status,
    /// Anything else: kept, and worked off without effect.
    Other,
}

impl EventKind {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Status => "status",
            Self::Other => "other",
        }
    }
}

impl FromStr for EventKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = [Self::Message, Self::Status, Self::Other].into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("{text} is no kind of event"))
    }
}

/// A raw event, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum InboundEvent {
    /// A message came into being outside of the product.
    Message(Box<InboundMessage>),
    /// A message got another content.
    Edited(Box<InboundEdit>),
    /// A message was taken back.
    Deleted(InboundDeletion),
    /// The provider reports on a message of ours.
    Status(StatusUpdate),
    /// The provider reports on all messages of ours up to one.
    Watermark(Watermark),
    /// A contact says what it wants to get.
    Wish(Wish),
    /// Nothing that the product acts on.
    Ignored {
        /// Why, for people.
        reason: &'static str,
    },
}

/// Who did what an event tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Author {
    /// The contact.
    #[default]
    Contact,
    /// The business, past us: from the channel's own app, or through another's.
    Business,
}

/// A message from a contact, or from the business past us.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundMessage {
    /// The provider's id of the message.
    pub provider_id: String,
    /// Who wrote it.
    pub author: Author,
    /// Every address of the contact that the event links, the one to reply to first.
    pub addresses: Vec<String>,
    /// The contact's profile name.
    pub name: Option<String>,
    /// The provider's time.
    pub at: DateTime<Utc>,
    /// What was sent; unknown types are `unsupported` with their raw payload.
    pub content: Content,
    /// The provider's id of the quoted message.
    pub reply_to: Option<String>,
    /// The provider's id of the message that a reaction is put on; its content names none yet.
    pub reaction_to: Option<String>,
    /// What surrounds it.
    pub context: Option<MessageContext>,
    /// Where the contact is reached from now on, if the message tells that.
    pub new_address: Option<String>,
    /// Whether it lets free-form replies through.
    pub opens_window: bool,
    /// The attempt that an echo names: what it tells of is then ours.
    pub correlation: Option<Uuid>,
}

impl Default for InboundMessage {
    /// Nothing, of nobody, to be filled in by a channel.
    fn default() -> Self {
        Self {
            provider_id: String::new(),
            author: Author::default(),
            addresses: Vec::new(),
            name: None,
            at: DateTime::UNIX_EPOCH,
            content: Content::Deleted,
            reply_to: None,
            reaction_to: None,
            context: None,
            new_address: None,
            opens_window: false,
            correlation: None,
        }
    }
}

/// Another content for a message.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundEdit {
    /// Whose message it is.
    pub author: Author,
    /// The contact's addresses.
    pub addresses: Vec<String>,
    /// The provider's id of the message.
    pub target: String,
    /// The provider's time of the edit.
    pub at: DateTime<Utc>,
    /// What it says now.
    pub content: Content,
}

/// The end of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundDeletion {
    /// Whose message it is.
    pub author: Author,
    /// The contact's addresses.
    pub addresses: Vec<String>,
    /// The provider's id of the message.
    pub target: String,
    /// The provider's time of the deletion.
    pub at: DateTime<Utc>,
}

/// What a contact said to its channel of messages that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Every address of the contact that the event links.
    pub addresses: Vec<String>,
    /// Of which messages.
    pub scope: OptOut,
    /// Whether it wants none.
    pub opted_out: bool,
    /// The provider's time.
    pub at: DateTime<Utc>,
}

/// A provider's report on a message of ours.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StatusUpdate {
    /// The provider's id of the message.
    pub provider_id: String,
    /// The attempt that the provider echoes, if it does.
    pub correlation: Option<Uuid>,
    /// What it moves to; none for reports without a move of ours (such as `played`, which is kept in the timeline).
    pub status: Option<Status>,
    /// The provider's own word.
    pub word: String,
    /// The provider's time.
    pub at: DateTime<Utc>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// A provider's report on all messages of ours to a contact up to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Watermark {
    /// The contact's addresses.
    pub addresses: Vec<String>,
    /// What they move to.
    pub status: Status,
    /// The provider's own word.
    pub word: String,
    /// The last of them.
    pub up_to: UpTo,
    /// The provider's time.
    pub at: DateTime<Utc>,
}

/// The last message that a watermark tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpTo {
    /// The last one that the provider had taken at this time.
    Time(DateTime<Utc>),
    /// The one of this provider's id.
    Message(String),
}
