//! The seven permissions of links and embeds, and what each of them lets a visitor send.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::content::Content;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $field:ident, $text:literal;)+) => {
        /// Something that a visitor of a link or embed may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)+
        }

        impl Permission {
            /// All there are.
            pub const ALL: [Self; 7] = [$(Self::$name),+];

            /// The stored and shown word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The word of `/platform/v1`.
            pub fn as_snake_case(self) -> &'static str {
                match self { $(Self::$name => stringify!($field)),+ }
            }
        }

        /// What the visitors of a link or embed may do; what is left out, they may not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        #[schema(example = json!({
            "readInbox": true, "readDetails": true, "markRead": true, "sendText": true, "sendMedia": false,
            "sendTemplates": true, "sendAdvanced": false,
        }))]
        pub struct Permissions {
            $($(#[$doc])* pub $field: bool,)+
        }

        impl Permissions {
            /// Whether this is one of them.
            pub fn has(self, permission: Permission) -> bool {
                match permission { $(Permission::$name => self.$field),+ }
            }

            fn grant(&mut self, permission: Permission) {
                match permission { $(Permission::$name => self.$field = true),+ }
            }
        }
    };
}

permissions! {
    /// List conversations, read messages, follow events.
    ReadInbox = read_inbox, "readInbox";
    /// See the contact, the business profile and the files of a conversation.
    ReadDetails = read_details, "readDetails";
    /// Mark conversations as read.
    MarkRead = mark_read, "markRead";
    /// Reply with text, quote and react.
    SendText = send_text, "sendText";
    /// Upload and send images, videos, recordings, documents and stickers.
    SendMedia = send_media, "sendMedia";
    /// List and send templates.
    SendTemplates = send_templates, "sendTemplates";
    /// Send interactive messages, places and contact cards.
    SendAdvanced = send_advanced, "sendAdvanced";
}

impl Permission {
    /// What it takes to send this.
    pub fn to_send(content: &Content) -> Self {
        match content {
            Content::Text(_) | Content::Reaction(_) => Self::SendText,
            Content::Image(_)
            | Content::Video(_)
            | Content::Audio(_)
            | Content::Document(_)
            | Content::Sticker(_) => Self::SendMedia,
            Content::Template(_) => Self::SendTemplates,
            Content::Interactive(_) | Content::Location(_) | Content::Contacts(_) => Self::SendAdvanced,
            // Nobody sends these.
            Content::Order(_)
            | Content::Referral(_)
            | Content::Postback(_)
            | Content::Unsupported(_)
            | Content::System(_)
            | Content::Deleted => Self::SendAdvanced,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|permission| permission.as_str() == text);
        found.ok_or_else(|| format!("{text} is no permission"))
    }
}

impl Permissions {
    /// All of them.
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    /// Whether nothing is permitted.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Those that are among `others` too.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        let both = |permission: &Permission| self.has(*permission) && others.has(*permission);
        Permission::ALL.into_iter().filter(both).collect()
    }

    /// The stored words.
    pub fn words(self) -> Vec<&'static str> {
        Permission::ALL
            .into_iter()
            .filter(|permission| self.has(*permission))
            .map(Permission::as_str)
            .collect()
    }

    /// Those of these words that this version knows: another grants nothing.
    pub fn of_words(words: &[&str]) -> Self {
        words.iter().filter_map(|word| word.parse().ok()).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut granted = Self::default();
        permissions.into_iter().for_each(|permission| granted.grant(permission));
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_narrowed_is_what_both_permit() {
        let of = |words: &[&str]| Permissions::of_words(words);
        let (some, others) = (of(&["readInbox", "sendText"]), of(&["sendText", "sendMedia"]));
        assert_eq!(some.and(others), of(&["sendText"]));
        assert_eq!(Permissions::all().and(some), some);
        assert!(some.and(Permissions::default()).is_empty());
    }

    #[test]
    fn words_and_fields_are_the_same_seven() {
        let shown = serde_json::to_value(Permissions::all()).unwrap();
        let fields: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        let mut words: Vec<_> = Permissions::all().words();
        words.sort_unstable();
        assert_eq!((fields.len(), fields), (7, words));
        for permission in Permission::ALL {
            let only: Permissions = [permission].into_iter().collect();
            assert_eq!(only.words(), [permission.as_str()]);
            assert_eq!(Permissions::of_words(&["flyToTheMoon", permission.as_str()]), only);
            assert!(Permission::ALL.into_iter().all(|other| only.has(other) == (other == permission)));
        }
        assert!(Permissions::of_words(&["flyToTheMoon"]).is_empty());
    }
}
