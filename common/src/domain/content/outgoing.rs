//! Reads the content that a client wants to send, naming every field at fault.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{Content, Media, Text};
use crate::problem::{FieldError, Problem};

/// Types of the contract that cannot be sent: not carried yet, or inbound only.
const NOT_CARRIED: &[&str] = &[
    "location",
    "contacts",
    "reaction",
    "template",
    "interactive",
    "order",
    "referral",
    "postback",
    "unsupported",
];

/// Codes of fields that a problem takes for its own when nothing else is wrong.
const TELLING: &[&str] = &["unknown_field", "unsupported_content", "unknown_content_type"];

/// Reads content to be sent; `path` names the field that holds it, such as `content`.
///
/// What a channel takes is checked by [`crate::channels::check`].
///
/// # Errors
/// Every field at fault: 400 if one is missing, null or of a wrong JSON type, else 422.
pub fn parse_outgoing(value: &Value, path: &str) -> Result<Content, Problem> {
    let mut faults = Faults::default();
    let content = match value {
        Value::Object(map) => Fields { map, path, faults: &mut faults }.content(),
        Value::Null => faults.malformed(path.to_owned(), "required", "is required"),
        _ => faults.malformed(path.to_owned(), "wrong_type", "must be an object"),
    };
    match content {
        Some(content) if faults.is_empty() => Ok(content),
        _ => Err(faults.into_problem()),
    }
}

/// 422 for fields that are well-formed but invalid.
pub fn invalid(errors: Vec<FieldError>) -> Problem {
    Faults { malformed: Vec::new(), invalid: errors }.into_problem()
}

struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: &'a str,
    faults: &'a mut Faults,
}

impl Fields<'_> {
    fn content(&mut self) -> Option<Content> {
        let kind = self.required("type")?;
        match kind.as_str() {
            "text" => self.text().map(Content::Text),
            "image" => self.media().map(Content::Image),
            "video" => self.media().map(Content::Video),
            "audio" => self.media().map(Content::Audio),
            "document" => self.media().map(Content::Document),
            "sticker" => self.media().map(Content::Sticker),
            known if NOT_CARRIED.contains(&known) => {
                self.faults.invalid(self.name("type"), "unsupported_content", "cannot be sent here")
            }
            _ => self.faults.invalid(self.name("type"), "unknown_content_type", "is no content type"),
        }
    }

    fn text(&mut self) -> Option<Text> {
        self.refuse_others(&["type", "text", "previewUrl"]);
        let text = self.required("text");
        let preview_url = match self.map.get("previewUrl") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => self.faults.malformed(self.name("previewUrl"), "wrong_type", "must be true or false"),
        };
        Some(Text { text: text?, preview_url })
    }

    fn media(&mut self) -> Option<Media> {
        self.refuse_others(&["type", "url", "mediaId", "caption", "filename"]);
        let caption = self.optional("caption");
        let filename = self.optional("filename");
        let url = if self.optional("mediaId").is_some() {
            self.faults.invalid::<()>(
                self.name("mediaId"),
                "unsupported_content",
                "is not taken here: give a url",
            );
            self.optional("url")
        } else {
            self.required("url")
        };
        Some(Media { url: Some(url?), caption, filename, ..Media::default() })
    }

    fn name(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    fn required(&mut self, field: &str) -> Option<String> {
        match self.map.get(field) {
            None | Some(Value::Null) => self.faults.malformed(self.name(field), "required", "is required"),
            Some(_) => self.optional(field),
        }
    }

    /// A text that may be missing or null.
    fn optional(&mut self, field: &str) -> Option<String> {
        match self.map.get(field) {
            None | Some(Value::Null) => None,
            // PostgreSQL's jsonb cannot hold this one character.
            Some(Value::String(text)) if text.contains('\0') => {
                self.faults.invalid(self.name(field), "invalid_character", "must not contain U+0000")
            }
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => self.faults.malformed(self.name(field), "wrong_type", "must be a string"),
        }
    }

    fn refuse_others(&mut self, known: &[&str]) {
        for field in self.map.keys().filter(|field| !known.contains(&field.as_str())) {
            self.faults.invalid::<()>(self.name(field), "unknown_field", "is not known here");
        }
    }
}

#[derive(Default)]
struct Faults {
    malformed: Vec<FieldError>,
    invalid: Vec<FieldError>,
}

impl Faults {
    fn malformed<T>(&mut self, field: String, code: &str, message: &str) -> Option<T> {
        self.malformed.push(FieldError { field, code: code.into(), message: message.into() });
        None
    }

    fn invalid<T>(&mut self, field: String, code: &str, message: &str) -> Option<T> {
        self.invalid.push(FieldError { field, code: code.into(), message: message.into() });
        None
    }

    fn is_empty(&self) -> bool {
        self.malformed.is_empty() && self.invalid.is_empty()
    }

    /// One problem that names every fault; being malformed outweighs being invalid.
    fn into_problem(self) -> Problem {
        let (status, code) = match (self.malformed.first(), self.invalid.first()) {
            (Some(first), _) if first.code == "required" => {
                (StatusCode::BAD_REQUEST, "required_field_missing")
            }
            (Some(_), _) => (StatusCode::BAD_REQUEST, "malformed_request"),
            (None, Some(first)) if self.invalid.iter().all(|fault| fault.code == first.code) => {
                let telling = TELLING.iter().copied().find(|code| *code == first.code);
                (StatusCode::UNPROCESSABLE_ENTITY, telling.unwrap_or("invalid_request"))
            }
            (None, _) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request"),
        };
        let errors = [self.malformed, self.invalid].concat();
        let detail = match errors.as_slice() {
            [] => "The request is not valid".to_owned(),
            [only] => format!("{} {}", only.field, only.message),
            [first, more @ ..] => {
                let others: Vec<_> = more.iter().map(|fault| fault.field.as_str()).collect();
                format!("{} {}; see also {}", first.field, first.message, others.join(", "))
            }
        };
        Problem { errors, ..Problem::new(status, code, detail) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_be_sent_is_read() {
        let media = Media {
            url: Some("https://x.example/p.png".into()),
            caption: Some("مرحبا 👋🏽".into()),
            ..Media::default()
        };
        let cases = [
            (json!({"type": "text", "text": "שלום 👨‍👩‍👧"}), Content::text("שלום 👨‍👩‍👧")),
            (
                json!({"type": "text", "text": "a", "previewUrl": true}),
                Content::Text(Text { text: "a".into(), preview_url: Some(true) }),
            ),
            (json!({"type": "text", "text": "a", "previewUrl": null}), Content::text("a")),
            (
                json!({"type": "image", "url": "https://x.example/p.png", "caption": "مرحبا 👋🏽", "mediaId": null}),
                Content::Image(media),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_outgoing(&value, "content").unwrap(), expected);
        }
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let cases = [
            (r#"null"#, "400 required_field_missing content:required"),
            (r#""hi""#, "400 malformed_request content:wrong_type"),
            (r#"[]"#, "400 malformed_request content:wrong_type"),
            (r#"{}"#, "400 required_field_missing content.type:required"),
            (r#"{"type":1}"#, "400 malformed_request content.type:wrong_type"),
            (r#"{"type":"text"}"#, "400 required_field_missing content.text:required"),
            (r#"{"type":"text","text":null}"#, "400 required_field_missing content.text:required"),
            (
                r#"{"type":"text","text":["a"],"previewUrl":"yes"}"#,
                "400 malformed_request content.text:wrong_type content.previewUrl:wrong_type",
            ),
            (
                r#"{"type":"text","text":5,"caption":"b"}"#,
                "400 malformed_request content.text:wrong_type content.caption:unknown_field",
            ),
            (r#"{"type":"text","text":"a","Text":"b"}"#, "422 unknown_field content.Text:unknown_field"),
            (r#"{"type":"text","text":"a\u0000b"}"#, "422 invalid_request content.text:invalid_character"),
            (r#"{"type":"image"}"#, "400 required_field_missing content.url:required"),
            (
                r#"{"type":"image","mediaId":"m"}"#,
                "422 unsupported_content content.mediaId:unsupported_content",
            ),
            (r#"{"type":"image","url":"u","sha256":"s"}"#, "422 unknown_field content.sha256:unknown_field"),
            (
                r#"{"type":"location","latitude":1}"#,
                "422 unsupported_content content.type:unsupported_content",
            ),
            (
                r#"{"type":"unsupported","raw":{}}"#,
                "422 unsupported_content content.type:unsupported_content",
            ),
            (r#"{"type":"hologram"}"#, "422 unknown_content_type content.type:unknown_content_type"),
        ];
        for (text, expected) in cases {
            let problem = parse_outgoing(&serde_json::from_str(text).unwrap(), "content").unwrap_err();
            let mut told = format!("{} {}", problem.status.as_u16(), problem.code);
            problem
                .errors
                .iter()
                .for_each(|error| told.push_str(&format!(" {}:{}", error.field, error.code)));
            assert_eq!(told, expected, "{text}");
        }
    }
}
