//! Typed ids: one time-ordered 128-bit value each, shown as a UUID or as a prefixed Crockford base-32 text.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;
use uuid::Uuid;

/// A text that is no id of the asked kind in either form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected {prefix}… or a UUID")]
pub struct InvalidId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

fn parse(text: &str, prefix: &'static str) -> Result<Uuid, InvalidId> {
    let invalid = InvalidId { prefix };
    if let Some(code) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) {
        // 26 characters hold 130 bits; the two that an id has not must be zero.
        if !code.starts_with(|first: char| ('0'..='7').contains(&first)) {
            return Err(invalid);
        }
        return Ulid::from_string(code).map(|id| Uuid::from_u128(id.0)).map_err(|_| invalid);
    }
    Uuid::try_parse(text).map_err(|_| invalid)
}

/// An id of whatever kind, in either form.
pub fn of_any_kind(text: &str) -> Option<Uuid> {
    let code = text.split_once('_').map_or(text, |(_, code)| code);
    if code.len() == 26 && code.starts_with(|first: char| ('0'..='7').contains(&first)) {
        return Ulid::from_string(code).ok().map(|id| Uuid::from_u128(id.0));
    }
    Uuid::try_parse(text).ok()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The prefix of the base-32 form.
            pub const PREFIX: &'static str = $prefix;

            /// A new, time-ordered id.
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), Ulid(self.0.as_u128()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text, $prefix).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// An organization: the tenant.
    OrganizationId = "tn";
    /// A user of an organization.
    UserId = "usr";
    /// A team of users.
    TeamId = "team";
    /// An API key.
    ApiKeyId = "key";
    /// A customer of an organization: a group of phone numbers.
    CustomerId = "cus";
    /// A provider account's credentials.
    ConnectionId = "con";
    /// A connected channel resource.
    InboxId = "ibx";
    /// A phone number of an inbox.
    PhoneNumberId = "phn";
    /// A file: uploaded, or sent by a contact.
    MediaId = "med";
    /// A person who writes to an inbox.
    ContactId = "ctc";
    /// One contact address on one inbox.
    ConversationId = "cnv";
    /// A message in either direction.
    MessageId = "msg";
    /// One try at delivering a message.
    AttemptId = "att";
    /// An entry of the event log.
    EventId = "evt";
    /// An endpoint that events are posted to.
    WebhookId = "whk";
    /// The posting of an event to an endpoint.
    WebhookDeliveryId = "whd";
    /// Postings that are to be made again.
    WebhookReplayId = "whr";
    /// A link by which a number's inbox is shared.
    SharedInboxLinkId = "sil";
    /// One of the public URLs that a link has had.
    LinkRotationId = "sir";
    /// An inbox embedded in another product.
    InboxEmbedId = "emb";
    /// What a link or embed was exchanged for.
    SharedSessionId = "sse";
    /// A dead letter.
    DeadLetterId = "dlq";
    /// An entry of the audit log.
    AuditId = "aud";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_the_prefixed_one_is_shown() {
        let id = MessageId::new();
        let text = id.to_string();
        assert!(text.starts_with("msg_") && text.len() == 30, "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.0.to_string().parse(), Ok(id));
        assert_eq!([&text, &id.0.to_string()].map(|text| of_any_kind(text)), [Some(id.0); 2]);
        assert_eq!(["", "_", "msg_", "msg_ZZZZZZZZZZZZZZZZZZZZZZZZZZ"].map(of_any_kind), [None; 4]);
    }

    #[test]
    fn another_kind_and_broken_texts_are_refused() {
        let other = InboxId::new().to_string();
        for text in [
            other.as_str(),
            "",
            "msg_",
            "msg_01",
            "msg_0123456789012345678901234U",
            "msg_ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ] {
            assert_eq!(text.parse::<MessageId>(), Err(InvalidId { prefix: "msg" }), "{text}");
        }
    }

    #[test]
    fn ids_sort_by_time_in_both_forms() {
        let (a, b) = (EventId::new(), EventId::new());
        assert!(a < b && a.to_string() < b.to_string());
    }
}
