//! Everything that knows a provider's protocol: one folder for each channel, with the same files.
//!
//! Channel code verifies, takes apart, sends and *classifies*; it never decides about status, retries or logs. That is
//! the workers' part, the same for every channel.

mod credentials;
mod error;
mod raw_json;
pub mod whatsapp;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

use crate::config::{AllowedUrls, Channels, Secret};
use crate::domain::content::{Content, MessageContext};
use crate::domain::message::{Failure, Status};
use crate::intake::SignedHeaders;
use crate::problem::{FieldError, WindowState};

pub use credentials::Credentials;
pub use error::{Action, ChannelError, MARKETING_OPT_OUT, Unparsed};

/// A messaging channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// WhatsApp Cloud API.
    Whatsapp,
}

impl Channel {
    /// Every channel.
    pub const ALL: &'static [Self] = &[Self::Whatsapp];

    /// The stored and shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|channel| channel.as_str() == text);
        found.ok_or_else(|| format!("{text} is no channel"))
    }
}

/// The resource that sends, with what it takes to call its provider.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The provider's id of the resource, such as a phone number id.
    pub external_id: String,
    /// The provider's address with its version, such as `https://graph.facebook.com/v24.0`, without a trailing slash.
    pub base_url: Url,
    /// The token that authorizes calls.
    pub access_token: Secret,
}

/// A message on its way to a provider.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The contact's address.
    pub to: &'a str,
    /// What to send.
    pub content: &'a Content,
    /// The provider's id of the quoted message, or of the one that a reaction is put on.
    pub reply_to: Option<&'a str>,
    /// The attempt's id: the provider echoes it in statuses, which settles attempts whose answer was lost.
    pub correlation: Uuid,
}

/// A contact's file, where the provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Where it can be fetched, for some minutes.
    pub url: Url,
    /// Its media type, as the provider tells it.
    pub mime_type: Option<String>,
    /// How many bytes it has, as the provider tells it.
    pub size: Option<u64>,
}

/// What became of a call to the provider.
#[derive(Debug)]
pub enum SendOutcome {
    /// The provider took the message and named it.
    Accepted {
        /// The provider's id of the message.
        provider_id: String,
    },
    /// The provider answered that it did not take it, or the request certainly never left.
    Refused(ChannelError),
    /// The request may have been taken: no answer, or one that cannot be read.
    Uncertain {
        /// What was seen, for people.
        detail: String,
    },
}

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
    /// A contact says what it wants to get.
    Wish(Wish),
    /// Nothing that the product acts on.
    Ignored {
        /// Why, for people.
        reason: &'static str,
    },
}

/// Who did what an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The contact.
    Contact,
    /// The business, past us: from the channel's own app on its phone.
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

/// What a contact said to its channel of marketing messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Every address of the contact that the event links.
    pub addresses: Vec<String>,
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

/// Takes a webhook's body apart. Nothing in it is believed until its signature is checked.
///
/// # Errors
/// Nothing can be made of the body; it is to be kept whole.
pub fn split(channel: Channel, body: &[u8]) -> Result<Vec<RawEvent>, Unparsed> {
    match channel {
        Channel::Whatsapp => whatsapp::receive::split(body),
    }
}

/// Understands a raw event's payload.
pub fn parse(channel: Channel, kind: EventKind, payload: &serde_json::Value) -> InboundEvent {
    match channel {
        Channel::Whatsapp => whatsapp::parse::parse(kind, payload),
    }
}

/// Whether the channel takes this content.
///
/// # Errors
/// Every field at fault, named `content.…`; [`crate::domain::content::invalid`] makes a problem of them.
pub fn check(channel: Channel, content: &Content) -> Result<(), Vec<FieldError>> {
    match channel {
        Channel::Whatsapp => whatsapp::check::check(content),
    }
}

/// Content types that the channel takes in a reply window of this state, in the order in which clients are told.
pub fn content_types(channel: Channel, window: WindowState) -> &'static [&'static str] {
    match (channel, window) {
        (Channel::Whatsapp, WindowState::Open) => whatsapp::check::CONTENT_TYPES,
        (Channel::Whatsapp, WindowState::Closed) => whatsapp::check::CLOSED_WINDOW_TYPES,
    }
}

/// Whether the channel takes this content although the contact has not written lately, or never.
pub fn passes_closed_window(channel: Channel, content: &Content) -> bool {
    content_types(channel, WindowState::Closed).contains(&content.kind())
}

/// The one form in which the channel's addresses of contacts are kept; none for what is no address.
pub fn normal_address(channel: Channel, text: &str) -> Option<String> {
    match channel {
        Channel::Whatsapp => whatsapp::addresses::of_client(text),
    }
}

/// Sends one message. The future may be dropped only where its outcome is then taken for uncertain.
pub async fn send(
    channel: Channel,
    http: &reqwest::Client,
    sender: &Sender,
    message: &Outgoing<'_>,
) -> SendOutcome {
    match channel {
        Channel::Whatsapp => whatsapp::send::send(http, sender, message).await,
    }
}

/// Tells the provider that a contact's message was read, and with it those before it. May be repeated.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn mark_read(
    channel: Channel,
    http: &reqwest::Client,
    sender: &Sender,
    provider_message_id: &str,
) -> Result<(), ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::receipt::mark_read(http, sender, provider_message_id).await,
    }
}

/// Whether a webhook is signed with a connection's secrets, over its raw bytes.
pub fn verify(channel: Channel, credentials: &Credentials, headers: &SignedHeaders, body: &[u8]) -> bool {
    match channel {
        Channel::Whatsapp => {
            let header = headers.get("x-hub-signature-256");
            whatsapp::verify::signature_ok(&credentials.app_secret, body, header)
        }
    }
}

/// Where a contact's file can be fetched now, by the provider's id of it.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn locate_file(
    channel: Channel,
    http: &reqwest::Client,
    sender: &Sender,
    allowed: &AllowedUrls,
    id: &str,
) -> Result<RemoteFile, ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::files::locate(http, sender, allowed, id).await,
    }
}

/// Begins to download a contact's file.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn open_file(
    channel: Channel,
    http: &reqwest::Client,
    sender: &Sender,
    file: &RemoteFile,
) -> Result<reqwest::Response, ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::files::open(http, sender, file).await,
    }
}

/// Asks the provider whether it accepts a sender's credentials, without sending anything.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn probe(channel: Channel, http: &reqwest::Client, sender: &Sender) -> Result<(), ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::account::phone_number(http, sender).await.map(|_info| ()),
    }
}

/// The address of a channel's provider with its version; `api_url` replaces the provider's own.
///
/// # Errors
/// When the address cannot be read.
pub fn base_url(channel: Channel, config: &Channels, api_url: Option<&str>) -> Result<Url, String> {
    match channel {
        Channel::Whatsapp => {
            let base = api_url.unwrap_or(config.graph_url.as_str()).trim_end_matches('/');
            Url::parse(&format!("{base}/{}", config.graph_version)).map_err(|error| error.to_string())
        }
    }
}
