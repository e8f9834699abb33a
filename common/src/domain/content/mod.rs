//! What a message says: one type for both directions, tagged by `type`.

mod outgoing;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use outgoing::{invalid, parse_outgoing};

/// Most characters of a preview.
pub const PREVIEW_LIMIT: usize = 200;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[schema(example = json!({"type": "text", "text": "Hello"}))]
pub enum Content {
    /// Words.
    Text(Text),
    /// A picture.
    Image(Media),
    /// A film.
    Video(Media),
    /// A recording.
    Audio(Media),
    /// A file.
    Document(Media),
    /// A sticker.
    Sticker(Media),
    /// Something from the contact that the product does not know; inbound only.
    Unsupported(Unsupported),
}

/// Words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TextContent, example = json!({"text": "Hello", "previewUrl": true}))]
pub struct Text {
    /// The words.
    pub text: String,
    /// Whether the first link in the text is shown with a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<bool>,
}

/// A file, with words beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MediaContent, example = json!({"url": "https://files.example.com/invoice.pdf", "caption": "Your invoice"}))]
pub struct Media {
    /// Where the provider fetches the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Id of an uploaded file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    /// Words shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Name of the file; contacts see it on documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Media type; inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The file's SHA-256, as the provider writes it (base64 on WhatsApp); inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The provider's id of the file; inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_media_id: Option<String>,
}

/// Something from the contact that the product does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UnsupportedContent, example = json!({"raw": {"type": "order"}}))]
pub struct Unsupported {
    /// The message as the provider told it.
    #[schema(value_type = Object)]
    pub raw: Value,
}

impl Content {
    /// Plain words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text { text: text.into(), preview_url: None })
    }

    /// The word that tags it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::Document(_) => "document",
            Self::Sticker(_) => "sticker",
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// One line of at most `PREVIEW_LIMIT` characters for lists.
    pub fn preview(&self) -> String {
        let media =
            |kind: &str, words: Option<&str>| match words.map(one_line).filter(|line| !line.is_empty()) {
                Some(words) => shorten(&format!("{kind}: {words}")),
                None => kind.to_owned(),
            };
        match self {
            Self::Text(text) => one_line(&text.text),
            Self::Image(it) => media("Image", it.caption.as_deref()),
            Self::Video(it) => media("Video", it.caption.as_deref()),
            Self::Audio(_) => "Audio".into(),
            Self::Document(it) => media("Document", it.caption.as_deref().or(it.filename.as_deref())),
            Self::Sticker(_) => "Sticker".into(),
            Self::Unsupported(_) => "Unsupported message".into(),
        }
    }
}

/// `text` with every run of white space and control characters as one space, shortened.
fn one_line(text: &str) -> String {
    // A little more than the limit is enough to see that it is passed; texts may be long.
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(PREVIEW_LIMIT + 1));
        if line.chars().count() > PREVIEW_LIMIT {
            break;
        }
    }
    shorten(&line)
}

fn shorten(line: &str) -> String {
    if line.chars().count() <= PREVIEW_LIMIT {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(PREVIEW_LIMIT - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_tagged_by_type_in_camel_case() {
        let cases = [
            (Content::text("hi"), json!({"type": "text", "text": "hi"})),
            (
                Content::Document(Media {
                    url: Some("https://x.example/a".into()),
                    mime_type: Some("application/pdf".into()),
                    provider_media_id: Some("77".into()),
                    ..Media::default()
                }),
                json!({"type": "document", "url": "https://x.example/a", "mimeType": "application/pdf", "providerMediaId": "77"}),
            ),
            (
                Content::Unsupported(Unsupported { raw: json!({"type": "order"}) }),
                json!({"type": "unsupported", "raw": {"type": "order"}}),
            ),
        ];
        for (content, shown) in cases {
            assert_eq!(serde_json::to_value(&content).unwrap(), shown);
            assert_eq!(shown["type"], content.kind());
            assert_eq!(serde_json::from_value::<Content>(shown).unwrap(), content);
        }
    }

    #[test]
    fn a_preview_is_one_short_line() {
        let captioned = |caption: &str| Media { caption: Some(caption.into()), ..Media::default() };
        let named = Media { filename: Some("bill.pdf".into()), ..Media::default() };
        let cases = [
            (Content::text(" a\n\nb\t\u{0} c "), "a b c".to_owned()),
            (Content::text(""), String::new()),
            (Content::text("é".repeat(200)), "é".repeat(200)),
            (Content::text("😀".repeat(201)), format!("{}…", "😀".repeat(199))),
            (Content::text("ab ".repeat(4000)), format!("{}a…", "ab ".repeat(66))),
            (Content::Image(captioned("at sea")), "Image: at sea".to_owned()),
            (Content::Image(captioned(" ")), "Image".to_owned()),
            (Content::Video(captioned(&"v".repeat(500))), format!("Video: {}…", "v".repeat(192))),
            (Content::Document(named), "Document: bill.pdf".to_owned()),
            (Content::Audio(Media::default()), "Audio".to_owned()),
        ];
        for (content, expected) in cases {
            assert_eq!(content.preview(), expected);
            assert!(content.preview().chars().count() <= PREVIEW_LIMIT);
        }
    }
}
