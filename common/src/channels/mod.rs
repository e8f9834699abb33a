//! Everything that knows a provider's protocol: one folder for each channel, with the same files.
//!
//! Channel code verifies, takes apart, sends and *classifies*; it never decides about status, retries or logs. That is
//! the workers' part, the same for every channel.

mod calls;
pub mod capabilities;
mod channel;
mod code_table;
mod credentials;
mod error;
mod events;
mod file_places;
pub mod instagram;
mod interactive;
pub mod messenger;
pub mod meta;
mod place;
pub mod profile;
mod raw_json;
pub mod rcs;
pub mod text;
pub mod usage;
pub mod whatsapp;

use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

use crate::config::{AllowedUrls, Channels, Secret};
use crate::domain::content::Content;
use crate::intake::SignedHeaders;
use crate::problem::{FieldError, WindowState};
use meta::pages;

pub use capabilities::Capabilities;
pub use channel::Channel;
pub use credentials::{Credentials, MetaCredentials, RcsCredentials, TextCredentials};
pub use error::{Action, ChannelError, MARKETING_OPT_OUT, OPT_OUT, Unparsed};
pub use events::{
    Author, EventKind, InboundDeletion, InboundEdit, InboundEvent, InboundMessage, RawEvent, StatusUpdate,
    UpTo, Watermark, Wish,
};
pub use profile::BusinessProfile;
pub use rcs::tokens::Tokens;

/// The resource that sends, with what it takes to call its provider.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The provider's id of the resource, such as a phone number id.
    pub external_id: String,
    /// The provider's id of the account that the resource belongs to.
    pub account: String,
    /// The provider's service that sends for the resource, if one does.
    pub service: Option<String>,
    /// The provider's address, with its version where that is part of every call, such as
    /// `https://graph.facebook.com/v24.0`; without a trailing slash.
    pub base_url: Url,
    /// The token or password that authorizes calls; on RCS, the service account that gets tokens.
    pub access_token: Secret,
    /// The tokens that service accounts have got.
    pub tokens: Tokens,
    /// Whose password it is, where it is one.
    pub user: Option<String>,
    /// Where the provider tells of the channel's messages, for calls that name it.
    pub webhook_url: String,
}

/// A webhook as it was received.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedWebhook<'a> {
    /// The address under which providers reach us, without a trailing slash.
    pub base: &'a str,
    /// What it was signed with, and the path it came to.
    pub headers: &'a SignedHeaders,
    /// Its raw bytes.
    pub body: &'a [u8],
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
    /// The attempt's id: the provider echoes it in statuses, which settles attempts whose answer was lost. Where the provider
    /// takes ids of ours, that of the first attempt, so that a repetition is known as one.
    pub correlation: Uuid,
    /// Whether so much time has passed since the contact wrote that only a person's answer passes.
    pub as_human_agent: bool,
}

/// A contact's message that was read.
#[derive(Debug, Clone, Copy)]
pub struct ReadMark<'a> {
    /// The contact's address.
    pub contact: &'a str,
    /// The provider's id of the message.
    pub provider_message_id: &'a str,
    /// Our id of it.
    pub id: Uuid,
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

/// Takes a webhook's body apart. Nothing in it is believed until its signature is checked.
///
/// # Errors
/// Nothing can be made of the body; it is to be kept whole.
pub fn split(channel: Channel, webhook: ReceivedWebhook<'_>) -> Result<Vec<RawEvent>, Unparsed> {
    match channel {
        Channel::Whatsapp => whatsapp::receive::split(webhook.body),
        Channel::Messenger => pages::receive::split(messenger::DIALECT.object, webhook.body),
        Channel::Instagram => pages::receive::split(instagram::DIALECT.object, webhook.body),
        Channel::Text => text::receive::split(webhook.headers.query(), webhook.body),
        Channel::Rcs => rcs::receive::split(webhook.body),
    }
}

/// Understands a raw event's payload; it was received at this time, which counts where the provider tells none.
pub fn parse(
    channel: Channel,
    kind: EventKind,
    payload: &serde_json::Value,
    received_at: DateTime<Utc>,
) -> InboundEvent {
    match channel {
        Channel::Whatsapp => whatsapp::parse::parse(kind, payload),
        Channel::Messenger | Channel::Instagram => pages::parse::parse(kind, payload, received_at),
        Channel::Text => text::parse::parse(kind, payload, received_at),
        Channel::Rcs => rcs::parse::parse(kind, payload, received_at),
    }
}

/// Whether the channel takes this content.
///
/// # Errors
/// Every field at fault, named `content.…`; [`crate::domain::content::invalid`] makes a problem of them.
pub fn check(channel: Channel, content: &Content) -> Result<(), Vec<FieldError>> {
    match channel {
        Channel::Whatsapp => whatsapp::check::check(content),
        Channel::Messenger => pages::check::check(&messenger::DIALECT, content),
        Channel::Instagram => pages::check::check(&instagram::DIALECT, content),
        Channel::Text => text::check::check(content),
        Channel::Rcs => rcs::check::check(content),
    }
}

/// Content types that the channel takes in a reply window of this state, in the order in which clients are told.
pub fn content_types(channel: Channel, window: WindowState) -> &'static [&'static str] {
    let table = channel.capabilities();
    match window {
        WindowState::Open => table.content_types,
        WindowState::Closed => table.closed_window_content_types,
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
        Channel::Messenger | Channel::Instagram => pages::addresses::of_client(text),
        Channel::Text => text::addresses::of_client(text),
        Channel::Rcs => rcs::addresses::of_client(text),
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
        Channel::Messenger => pages::send::send(&messenger::DIALECT, http, sender, message).await,
        Channel::Instagram => pages::send::send(&instagram::DIALECT, http, sender, message).await,
        Channel::Text => text::send::send(http, sender, message).await,
        Channel::Rcs => rcs::send::send(http, sender, message).await,
    }
}

/// Tells the provider that a contact's message was read, and with it those before it. May be repeated. Some providers are told
/// of the message, and some of the contact.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn mark_read(
    channel: Channel,
    http: &reqwest::Client,
    sender: &Sender,
    mark: &ReadMark<'_>,
) -> Result<(), ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::receipt::mark_read(http, sender, mark.provider_message_id).await,
        Channel::Messenger => {
            pages::receipt::mark_read(&messenger::DIALECT, http, sender, mark.contact).await
        }
        Channel::Instagram => {
            pages::receipt::mark_read(&instagram::DIALECT, http, sender, mark.contact).await
        }
        Channel::Rcs => rcs::receipt::mark_read(http, sender, mark).await,
        Channel::Text => {
            let title = "Texts have no read receipts";
            Err(ChannelError::new(Action::Content, "unsupported_content", title))
        }
    }
}

/// Whether a webhook is signed with a connection's secrets; secrets of another channel sign nothing.
pub fn verify(channel: Channel, credentials: &Credentials, webhook: ReceivedWebhook<'_>) -> bool {
    match (channel, credentials) {
        (Channel::Whatsapp | Channel::Messenger | Channel::Instagram, Credentials::Meta(secrets)) => {
            let header = webhook.headers.get("x-hub-signature-256");
            meta::verify::signature_ok(&secrets.app_secret, webhook.body, header)
        }
        (Channel::Text, Credentials::Text(secrets)) => {
            text::verify::signature_ok(&secrets.auth_token, webhook)
        }
        (Channel::Rcs, Credentials::Rcs(secrets)) => {
            let header = webhook.headers.get("x-goog-signature");
            rcs::verify::signature_ok(&secrets.client_token, webhook.body, header)
        }
        (Channel::Whatsapp | Channel::Messenger | Channel::Instagram | Channel::Text | Channel::Rcs, _) => {
            false
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
        Channel::Messenger | Channel::Instagram => pages::files::locate(sender, allowed, id),
        Channel::Text => text::files::locate(sender, allowed, id),
        Channel::Rcs => rcs::files::locate(sender, allowed, id),
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
    allowed: &AllowedUrls,
    file: &RemoteFile,
) -> Result<reqwest::Response, ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::files::open(http, sender, file).await,
        Channel::Messenger | Channel::Instagram => pages::files::open(http, sender, allowed, file).await,
        Channel::Text => text::files::open(http, sender, allowed, file).await,
        Channel::Rcs => rcs::files::open(http, file).await,
    }
}

/// Asks the provider whether it accepts a sender's credentials, without sending anything.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn probe(channel: Channel, http: &reqwest::Client, sender: &Sender) -> Result<(), ChannelError> {
    let (id, base, token) = (&sender.external_id, &sender.base_url, &sender.access_token);
    match channel {
        Channel::Messenger => messenger::account::page(http, base, id, token).await.map(|_page| ()),
        Channel::Instagram => instagram::account::account(http, base, id, token).await.map(|_account| ()),
        Channel::Whatsapp => whatsapp::account::phone_number(http, sender).await.map(|_info| ()),
        Channel::Text => text::account::probe(http, sender).await,
        Channel::Rcs => rcs::account::probe(http, sender).await,
    }
}

/// Asks the same, and what else the provider says of the sender: words of `status.reasons`, though it may send.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn check_health(
    channel: Channel,
    http: &reqwest::Client,
    sender: &Sender,
) -> Result<Vec<&'static str>, ChannelError> {
    if channel == Channel::Whatsapp {
        return whatsapp::health::check(http, sender).await;
    }
    probe(channel, http, sender).await?;
    match channel {
        Channel::Messenger => pages::health::check(&messenger::DIALECT, http, sender).await,
        Channel::Instagram => pages::health::check(&instagram::DIALECT, http, sender).await,
        // Their providers say nothing more of a sender.
        Channel::Whatsapp | Channel::Text | Channel::Rcs => Ok(Vec::new()),
    }
}

/// How the business shows itself to contacts through a resource; none on channels that do not have that.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn business_profile(
    channel: Channel,
    http: &reqwest::Client,
    (base, id, token): (&Url, &str, &Secret),
) -> Result<Option<BusinessProfile>, ChannelError> {
    match channel {
        Channel::Whatsapp => whatsapp::profile::read(http, base, id, token).await.map(Some),
        Channel::Messenger => {
            let page = messenger::account::page(http, base, id, token).await?;
            Ok(Some(BusinessProfile { name: page.name, ..BusinessProfile::default() }))
        }
        Channel::Instagram => {
            let account = instagram::account::account(http, base, id, token).await?;
            let (name, username) = (account.name, account.username);
            Ok(Some(BusinessProfile { name, username, ..BusinessProfile::default() }))
        }
        Channel::Text | Channel::Rcs => Ok(None),
    }
}

/// The address of a channel's provider with its version; `api_url` replaces the provider's own.
///
/// # Errors
/// When the address cannot be read.
pub fn base_url(channel: Channel, config: &Channels, api_url: Option<&str>) -> Result<Url, String> {
    match channel {
        Channel::Whatsapp | Channel::Messenger | Channel::Instagram => {
            let base = api_url.unwrap_or(config.graph_url.as_str()).trim_end_matches('/');
            Url::parse(&format!("{base}/{}", config.graph_version)).map_err(|error| error.to_string())
        }
        Channel::Text => {
            let base = api_url.unwrap_or(config.twilio_url.as_str()).trim_end_matches('/');
            Url::parse(base).map_err(|error| error.to_string())
        }
        Channel::Rcs => {
            let base = api_url.unwrap_or(config.rcs_url.as_str()).trim_end_matches('/');
            Url::parse(base).map_err(|error| error.to_string())
        }
    }
}
