//! What a channel can carry, as data: each channel folder has one table of this type, `capabilities.rs`. Validation reads it,
//! `GET /v1/inboxes/{id}` shows it, and a composer needs no other source.

use serde::Serialize;
use utoipa::ToSchema;

/// What a channel can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Content types that can be sent while the reply window is open, or where there is none.
    #[schema(value_type = Vec<String>, example = json!(["text", "image"]))]
    pub content_types: &'static [&'static str],
    /// Those of them that can be sent when it is closed.
    #[schema(value_type = Vec<String>, example = json!(["template"]))]
    pub closed_window_content_types: &'static [&'static str],
    /// For how many seconds a contact's message opens the reply window; null where there is none.
    #[schema(example = 86_400)]
    pub reply_window_seconds: Option<u32>,
    /// Longest `text`.
    pub text: TextLimit,
    /// Which files can be sent, and how large they may be. The first rule that fits a file decides.
    #[schema(value_type = Vec<MediaRule>)]
    pub media: &'static [MediaRule],
    /// Kinds of `interactive` that can be sent, with their limits; those that cannot are null.
    pub interactive: InteractiveLimits,
    /// Most `contacts` of a message; 0 where they cannot be sent.
    pub contact_cards: usize,
    /// What becomes known of a message's way, and what the contact learns of ours.
    pub receipts: Receipts,
    /// Whether the contact can be shown that an answer is being written.
    pub typing: bool,
    /// Whether an emoji can be put on a message.
    pub reactions: bool,
    /// Whether an answer shows which message it answers (`replyTo`).
    pub quotes: bool,
    /// Whether messages can be sent that the provider has approved before.
    pub templates: bool,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextLimit {
    /// Most of them.
    pub max_length: usize,
    /// What is counted.
    pub unit: Unit,
}

/// What the length of a text is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Unicode characters.
    Characters,
    /// Bytes of UTF-8.
    Bytes,
}

impl TextLimit {
    /// So many Unicode characters.
    pub const fn characters(max_length: usize) -> Self {
        Self { max_length, unit: Unit::Characters }
    }

    /// So many bytes of UTF-8.
    pub const fn bytes(max_length: usize) -> Self {
        Self { max_length, unit: Unit::Bytes }
    }

    /// How long a text is, as this limit counts.
    pub fn measure(self, text: &str) -> usize {
        match self.unit {
            Unit::Characters => text.chars().count(),
            Unit::Bytes => text.len(),
        }
    }
}

impl Unit {
    /// The word for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Bytes => "bytes",
        }
    }
}

/// Files of one content type that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MediaRule {
    /// The content type.
    #[serde(rename = "type")]
    #[schema(example = "image")]
    pub kind: &'static str,
    /// Its media types; `image/*` stands for all pictures, `*/*` for all files.
    #[schema(value_type = Vec<String>, example = json!(["image/jpeg", "image/png"]))]
    pub mime_types: &'static [&'static str],
    /// Most bytes of a file.
    #[schema(example = 5_242_880)]
    pub max_bytes: u64,
    /// Longest `caption`; 0 where the channel shows no words with such a file.
    #[schema(example = 1024)]
    pub max_caption: usize,
    /// Whether it is for files that move, or for those that do not; null for both.
    pub animated: Option<bool>,
}

impl MediaRule {
    fn fits(&self, kind: &str, mime_type: &str, animated: Option<bool>) -> bool {
        let family = mime_type.split('/').next().unwrap_or_default();
        let same = |rule: &&str| match rule.strip_suffix("/*") {
            Some("*") => true,
            Some(whole) => whole == family,
            None => *rule == mime_type,
        };
        self.kind == kind
            && (self.animated.is_none() || self.animated == animated)
            && self.mime_types.iter().any(same)
    }
}

/// The kinds of `interactive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InteractiveLimits {
    /// Buttons that answer.
    pub buttons: Option<ButtonsLimits>,
    /// A list to choose from.
    pub list: Option<ListLimits>,
    /// A button that opens an address.
    pub cta_url: Option<CtaUrlLimits>,
    /// A form of the provider's.
    pub flow: Option<FlowLimits>,
}

impl InteractiveLimits {
    /// For channels that have nothing to press.
    pub const NONE: Self = Self { buttons: None, list: None, cta_url: None, flow: None };
}

/// What may stand around that which can be pressed. Lengths are in characters, but for a body that is counted otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FrameLimits {
    /// Types that a header may have; none where there is no header.
    #[schema(value_type = Vec<String>, example = json!(["text", "image"]))]
    pub header_types: &'static [&'static str],
    /// Longest text of a header.
    pub max_header: usize,
    /// Longest body.
    pub max_body: usize,
    /// Longest body below a header that is a file.
    pub max_body_with_file: usize,
    /// What the length of a body is counted in.
    pub body_unit: Unit,
    /// Longest footer; 0 where there is none.
    pub max_footer: usize,
    /// Longest footer below a header that is a file; 0 where there is none.
    pub max_footer_with_file: usize,
}

/// Limits of `buttons`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ButtonsLimits {
    /// What stands around them.
    pub frame: FrameLimits,
    /// Most buttons.
    pub max_buttons: usize,
    /// Most buttons under a header that is a file.
    pub max_buttons_with_file: usize,
    /// Longest `title`.
    pub max_title: usize,
    /// Longest `id`.
    pub max_id: usize,
}

/// Limits of `list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListLimits {
    /// What stands around it.
    pub frame: FrameLimits,
    /// Longest `button`.
    pub max_button: usize,
    /// Most sections.
    pub max_sections: usize,
    /// Most rows of all sections together.
    pub max_rows: usize,
    /// Longest title of a section; 0 where sections have none.
    pub max_section_title: usize,
    /// Longest title of a row.
    pub max_row_title: usize,
    /// Longest description of a row; 0 where rows have none.
    pub max_description: usize,
    /// Longest id of a row.
    pub max_id: usize,
}

/// Limits of `ctaUrl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CtaUrlLimits {
    /// What stands around it.
    pub frame: FrameLimits,
    /// Longest `button`.
    pub max_button: usize,
}

/// Limits of `flow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowLimits {
    /// What stands around it.
    pub frame: FrameLimits,
}

/// What becomes known of a message's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipts {
    /// Whether it is told that a message of ours has arrived.
    pub delivered: bool,
    /// Whether it is told that the contact has read it.
    pub read: bool,
    /// Whether the contact can be told that its message was read.
    pub of_contact: bool,
}

impl Capabilities {
    /// The rule for a file that is sent as `kind`; none if it cannot be sent so.
    pub fn media_rule(&self, kind: &str, mime_type: &str, animated: Option<bool>) -> Option<&MediaRule> {
        self.media.iter().find(|rule| rule.fits(kind, mime_type, animated))
    }

    /// Longest words with a file that is sent as `kind`, whatever its media type; 0 where there are none.
    pub fn max_caption(&self, kind: &str) -> usize {
        let rules = self.media.iter().filter(|rule| rule.kind == kind);
        rules.map(|rule| rule.max_caption).max().unwrap_or(0)
    }

    /// The media types that can be sent as `kind`, in words.
    pub fn media_types(&self, kind: &str) -> String {
        let mut types: Vec<&str> = Vec::new();
        for rule in self.media.iter().filter(|rule| rule.kind == kind) {
            types.extend(
                rule.mime_types.iter().copied().filter(|one| !types.contains(one)).collect::<Vec<_>>(),
            );
        }
        types.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::Channel;

    #[test]
    fn the_first_rule_that_fits_a_file_decides() {
        const fn rule(kind: &'static str, mime_types: &'static [&'static str], max_bytes: u64) -> MediaRule {
            MediaRule { kind, mime_types, max_bytes, max_caption: 0, animated: None }
        }
        const RULES: &[MediaRule] = &[
            rule("image", &["image/png"], 1),
            MediaRule { max_caption: 7, animated: Some(false), ..rule("image", &["image/*"], 2) },
            rule("document", &["*/*"], 3),
        ];
        let table = Capabilities { media: RULES, ..*Channel::Text.capabilities() };
        let found = |kind, mime_type, animated| {
            table.media_rule(kind, mime_type, animated).map(|rule| rule.max_bytes)
        };
        assert_eq!(found("image", "image/png", None), Some(1));
        assert_eq!(found("image", "image/gif", Some(false)), Some(2));
        assert_eq!(found("image", "image/gif", Some(true)), None);
        assert_eq!(found("image", "imagery/gif", Some(false)), None);
        assert_eq!(found("document", "image/gif", None), Some(3));
        assert_eq!(found("video", "image/gif", None), None);
        assert_eq!((table.max_caption("image"), table.max_caption("audio")), (7, 0));
        assert_eq!(table.media_types("image"), "image/png, image/*");
    }

    #[test]
    fn every_table_is_of_one_piece() {
        for channel in Channel::ALL {
            let table = channel.capabilities();
            let sends = |kind: &str| table.content_types.contains(&kind);
            for kind in table.closed_window_content_types {
                assert!(sends(kind), "{channel} {kind}");
            }
            for kind in ["image", "video", "audio", "document", "sticker"] {
                let ruled = table.media.iter().any(|rule| rule.kind == kind);
                assert_eq!(sends(kind), ruled, "{channel} {kind}");
            }
            assert_eq!(sends("interactive"), table.interactive != InteractiveLimits::NONE, "{channel}");
            assert_eq!(sends("contacts"), table.contact_cards > 0, "{channel}");
            assert_eq!(sends("reaction"), table.reactions, "{channel}");
            assert_eq!(sends("template"), table.templates, "{channel}");
            if table.reply_window_seconds.is_none() {
                assert_eq!(table.closed_window_content_types, table.content_types, "{channel}");
            }
        }
    }
}
