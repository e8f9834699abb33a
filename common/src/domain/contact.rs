//! Contacts as clients see them, and what their state says against writing to them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ids::{ContactId, InboxId};
use crate::channels::Channel;
use crate::problem::Timestamp;

/// Most attributes of a contact.
pub const MOST_ATTRIBUTES: usize = 50;

/// Whether a contact may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nothing speaks against it.
    #[default]
    Reachable,
    /// The organization blocked it.
    Blocked,
    /// It wants no messages.
    OptedOut,
    /// It is being forgotten.
    Erased,
}

impl Standing {
    /// The stable code and the reason why nothing is sent, if that is so.
    pub fn refusal(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Reachable => None,
            Self::Blocked => Some(("contact_blocked", "The contact is blocked")),
            Self::OptedOut => Some(("contact_opted_out", "The contact does not want messages")),
            Self::Erased => Some(("erased", "The contact was erased")),
        }
    }
}

impl FromStr for Standing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "reachable" => Ok(Self::Reachable),
            "blocked" => Ok(Self::Blocked),
            "opted_out" => Ok(Self::OptedOut),
            "erased" => Ok(Self::Erased),
            other => Err(format!("{other} is no standing of a contact")),
        }
    }
}

/// What a contact does not want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OptOut {
    /// Any message.
    All,
    /// Advertising.
    Marketing,
}

impl OptOut {
    /// The shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Marketing => "marketing",
        }
    }
}

/// A person who writes to the organization's inboxes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact)]
pub struct ContactDetail {
    /// Id.
    #[schema(value_type = String, example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")]
    pub id: ContactId,
    /// Name: what a client set, else what the contact's profile says.
    #[schema(example = "Ada")]
    pub name: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// Where it writes from, oldest first; the first hundred.
    pub addresses: Vec<AddressView>,
    /// What clients noted about it: texts, numbers and booleans by name.
    #[schema(value_type = Object, example = json!({"plan": "pro", "seats": 12, "vip": true}))]
    pub attributes: Map<String, Value>,
    /// Whether the organization blocked it: nothing is sent, and what it writes is kept but raises nothing.
    pub blocked: bool,
    /// What it does not want; null if nothing is known of that kind.
    #[schema(example = "marketing")]
    pub opted_out: Option<OptOut>,
    /// When it first wrote, or was written to.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

/// An address of a contact at an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactAddress)]
pub struct AddressView {
    /// The inbox's channel.
    pub channel: Channel,
    /// The inbox.
    #[schema(value_type = String, example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")]
    pub inbox_id: InboxId,
    /// The address on the channel: a phone number's digits, or the channel's id of the contact.
    #[schema(example = "15550001111")]
    pub address: String,
}

/// Applies a merge patch (RFC 7396) of plain values: null removes.
pub fn patch_attributes(attributes: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        if value.is_null() {
            attributes.remove(&name);
        } else {
            attributes.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_patch_adds_replaces_and_removes_and_leaves_the_rest() {
        let mut attributes = object(json!({"keep": 1, "change": "a", "drop": true}));
        patch_attributes(
            &mut attributes,
            object(json!({"change": "b", "drop": null, "new": 2.5, "absent": null})),
        );
        assert_eq!(Value::Object(attributes), json!({"keep": 1, "change": "b", "new": 2.5}));
    }

    #[test]
    fn only_a_reachable_contact_is_written_to() {
        for (word, code) in [
            ("reachable", None),
            ("blocked", Some("contact_blocked")),
            ("opted_out", Some("contact_opted_out")),
            ("erased", Some("erased")),
        ] {
            let standing: Standing = word.parse().unwrap();
            assert_eq!(standing.refusal().map(|(code, _)| code), code);
        }
    }
}
