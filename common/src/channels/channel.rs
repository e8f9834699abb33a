//! The channels, and how they differ in what workers and the API ask of them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Capabilities, instagram, messenger, rcs, text, whatsapp};
use crate::domain::lane::{PairPace, WHATSAPP_PAIR};

/// A messaging channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// WhatsApp Cloud API.
    Whatsapp,
    /// Messages to a Facebook page.
    Messenger,
    /// Messages to an Instagram account.
    Instagram,
    /// SMS and MMS, Twilio-compatible.
    Text,
    /// RCS for Business.
    Rcs,
}

impl Channel {
    /// Every channel.
    pub const ALL: &'static [Self] =
        &[Self::Whatsapp, Self::Messenger, Self::Instagram, Self::Text, Self::Rcs];

    /// The stored and shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Messenger => "messenger",
            Self::Instagram => "instagram",
            Self::Text => "text",
            Self::Rcs => "rcs",
        }
    }

    /// What it can carry.
    pub fn capabilities(self) -> &'static Capabilities {
        match self {
            Self::Whatsapp => &whatsapp::capabilities::CAPABILITIES,
            Self::Messenger => &messenger::capabilities::CAPABILITIES,
            Self::Instagram => &instagram::capabilities::CAPABILITIES,
            Self::Text => &text::capabilities::CAPABILITIES,
            Self::Rcs => &rcs::capabilities::CAPABILITIES,
        }
    }

    /// How long a contact's message lets free-form replies through; none where they always pass.
    pub fn reply_window(self) -> Option<TimeDelta> {
        self.capabilities().reply_window_seconds.map(|seconds| TimeDelta::seconds(seconds.into()))
    }

    /// For how much of the reply window replies may come from anybody, where later ones must be a person's.
    pub fn anybody_s_window(self) -> Option<TimeDelta> {
        match self {
            Self::Messenger | Self::Instagram => Some(TimeDelta::hours(24)),
            Self::Whatsapp | Self::Text | Self::Rcs => None,
        }
    }

    /// From when on replies must be a person's, in a window that closes at this time.
    pub fn human_agent_from(self, closes: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (whole, anybody_s) = (self.reply_window()?, self.anybody_s_window()?);
        closes.checked_sub_signed(whole - anybody_s)
    }

    /// How often one contact may be written to, where the provider limits that.
    pub fn pair_pace(self) -> Option<PairPace> {
        match self {
            Self::Whatsapp => Some(WHATSAPP_PAIR),
            Self::Messenger | Self::Instagram | Self::Text | Self::Rcs => None,
        }
    }

    /// Whether the provider takes a message under an id of ours, once: one whose outcome is unknown is then simply sent again.
    pub fn takes_our_ids(self) -> bool {
        match self {
            Self::Rcs => true,
            Self::Whatsapp | Self::Messenger | Self::Instagram | Self::Text => false,
        }
    }

    /// Whether the provider can be told that a contact's message was read.
    pub fn takes_receipts(self) -> bool {
        self.capabilities().receipts.of_contact
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
