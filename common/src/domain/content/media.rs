//! Files in messages, and which parts of a message have one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Content, Header, InteractiveKind};

/// A file, with words beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MediaContent, example = json!({"mediaId": "med_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "caption": "Your invoice"}))]
pub struct Media {
    /// Where the file is fetched from: given with a message, or, in answers, a link that lives an hour and needs no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Id of a file: uploaded, or received and fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    /// Words shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Name of the file; contacts see it on documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Media type of a file that was uploaded or received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Bytes of a file that was uploaded or fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The file's SHA-256, as the provider writes it (base64 on WhatsApp); inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The provider's id of the file; inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_media_id: Option<String>,
    /// Whether it was spoken into the phone; inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<bool>,
    /// Whether a sticker that was uploaded or received moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub animated: Option<bool>,
    /// Why the file could not be fetched, in a stable word such as `expired`; inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Content {
    /// The file in the message, that of a header included; a message has one at most.
    pub fn file(&self) -> Option<&Media> {
        match self {
            Self::Image(it) | Self::Video(it) | Self::Audio(it) | Self::Document(it) | Self::Sticker(it) => {
                Some(it)
            }
            Self::Interactive(it) => match it.interactive.header()? {
                Header::Image(it) | Header::Video(it) | Header::Document(it) => Some(it),
                Header::Text { .. } => None,
            },
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn file_mut(&mut self) -> Option<&mut Media> {
        match self {
            Self::Image(it) | Self::Video(it) | Self::Audio(it) | Self::Document(it) | Self::Sticker(it) => {
                Some(it)
            }
            Self::Interactive(it) => match it.interactive.header_mut()? {
                Header::Image(it) | Header::Video(it) | Header::Document(it) => Some(it),
                Header::Text { .. } => None,
            },
            _ => None,
        }
    }
}

impl InteractiveKind {
    fn header(&self) -> Option<&Header> {
        match self {
            Self::Buttons(it) => it.frame.header.as_ref(),
            Self::List(it) => it.frame.header.as_ref(),
            Self::CtaUrl(it) => it.frame.header.as_ref(),
            Self::Flow(it) => it.frame.header.as_ref(),
            Self::ButtonReply(_) | Self::ListReply(_) | Self::FlowReply(_) => None,
        }
    }

    fn header_mut(&mut self) -> Option<&mut Header> {
        match self {
            Self::Buttons(it) => it.frame.header.as_mut(),
            Self::List(it) => it.frame.header.as_mut(),
            Self::CtaUrl(it) => it.frame.header.as_mut(),
            Self::Flow(it) => it.frame.header.as_mut(),
            Self::ButtonReply(_) | Self::ListReply(_) | Self::FlowReply(_) => None,
        }
    }
}
