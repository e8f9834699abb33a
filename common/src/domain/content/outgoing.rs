//! Reads the content that a client wants to send, naming every field at fault.

mod cards;
mod faults;
mod interactive;
mod template;

use serde_json::{Map, Value};

use super::{Content, Location, Media, Reaction, Text};
use crate::domain::ids::{MediaId, MessageId};
use crate::problem::{FieldError, Problem};
use faults::Faults;

/// Types of the contract that come in and cannot be sent.
const INBOUND_ONLY: &[&str] = &["order", "referral", "postback", "unsupported", "system", "deleted"];

/// Reads content to be sent; `path` names the field that holds it, such as `content`.
///
/// What a channel takes is checked by [`crate::channels::check`].
///
/// # Errors
/// Every field at fault: 400 if one is missing, null or of a wrong JSON type, else 422.
pub fn parse_outgoing(value: &Value, path: &str) -> Result<Content, Problem> {
    let mut faults = Faults::default();
    match faults.object(value, path, |fields| fields.content()) {
        Some(content) if faults.is_empty() => Ok(content),
        _ => Err(faults.into_problem()),
    }
}

/// 422 for fields that are well-formed but invalid.
pub fn invalid(errors: Vec<FieldError>) -> Problem {
    Faults::of_invalid(errors).into_problem()
}

/// The fields of one object, and where it stands in the request.
///
/// Whatever cannot be read is noted among the faults and is none here, as if it were missing: the faults decide in the end.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: &'a str,
    faults: &'a mut Faults,
}

impl<'a> Fields<'a> {
    fn content(&mut self) -> Option<Content> {
        let kind = self.required("type")?;
        match kind.as_str() {
            "text" => self.text().map(Content::Text),
            "image" => self.media().map(Content::Image),
            "video" => self.media().map(Content::Video),
            "audio" => self.media().map(Content::Audio),
            "document" => self.media().map(Content::Document),
            "sticker" => self.media().map(Content::Sticker),
            "location" => self.location().map(Content::Location),
            "contacts" => self.contacts().map(Content::Contacts),
            "reaction" => self.reaction().map(Content::Reaction),
            "template" => self.template().map(Content::Template),
            "interactive" => self.interactive().map(|it| Content::Interactive(Box::new(it))),
            known if INBOUND_ONLY.contains(&known) => {
                self.faults.invalid(self.name("type"), "unsupported_content", "cannot be sent")
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

    /// A file, by the id of an upload or by an address.
    fn media(&mut self) -> Option<Media> {
        self.refuse_others(&["type", "url", "mediaId", "caption", "filename"]);
        let caption = self.optional("caption");
        let filename = self.optional("filename");
        let told = |field: &str| self.map.get(field).is_some_and(|value| !value.is_null());
        let source = match (told("mediaId"), told("url")) {
            (true, true) => {
                let what = "cannot be given together with url";
                self.faults.invalid(self.name("mediaId"), "ambiguous", what)
            }
            (true, false) => self.media_id().map(|id| Media { media_id: Some(id), ..Media::default() }),
            (false, _) => self.required("url").map(|url| Media { url: Some(url), ..Media::default() }),
        };
        Some(Media { caption, filename, ..source? })
    }

    fn media_id(&mut self) -> Option<String> {
        match self.optional("mediaId")?.parse::<MediaId>() {
            Ok(id) => Some(id.to_string()),
            Err(_) => self.faults.invalid(self.name("mediaId"), "invalid_id", "must be the id of an upload"),
        }
    }

    fn location(&mut self) -> Option<Location> {
        self.refuse_others(&["type", "latitude", "longitude", "name", "address"]);
        let (latitude, longitude) = (self.number("latitude"), self.number("longitude"));
        let (name, address) = (self.optional("name"), self.optional("address"));
        Some(Location { latitude: latitude?, longitude: longitude?, name, address })
    }

    fn reaction(&mut self) -> Option<Reaction> {
        self.refuse_others(&["type", "messageId", "emoji"]);
        let (message, emoji) = (self.required("messageId"), self.required("emoji"));
        let message_id = match message?.parse::<MessageId>() {
            Ok(id) => Some(id),
            Err(_) => {
                self.faults.invalid(self.name("messageId"), "invalid_id", "must be the id of a message")
            }
        };
        Some(Reaction { message_id: Some(message_id?), emoji: emoji? })
    }

    fn name(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    /// The field's value; none if it is missing or null.
    fn given(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    /// Notes a field that is missing or null; whether it is there.
    fn require(&mut self, field: &str) -> bool {
        let given = self.given(field).is_some();
        if !given {
            self.faults.malformed::<()>(self.name(field), "required", "is required");
        }
        given
    }

    fn required(&mut self, field: &str) -> Option<String> {
        if self.require(field) { self.optional(field) } else { None }
    }

    /// A text that may be missing or null.
    fn optional(&mut self, field: &str) -> Option<String> {
        let value = self.given(field)?;
        self.faults.text(value, self.name(field))
    }

    fn number(&mut self, field: &str) -> Option<f64> {
        if !self.require(field) {
            return None;
        }
        match self.given(field)? {
            Value::Number(number) => number.as_f64(),
            _ => self.faults.malformed(self.name(field), "wrong_type", "must be a number"),
        }
    }

    /// Reads the object in a field that may be missing or null.
    fn object<T>(&mut self, field: &str, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        let value = self.given(field)?;
        self.faults.object(value, &self.name(field), read)
    }

    fn required_object<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        if self.require(field) { self.object(field, read) } else { None }
    }

    /// Reads each object of the list in a field that may be missing or null.
    fn objects<T>(
        &mut self,
        field: &str,
        mut read: impl FnMut(&mut Fields<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let path = self.name(field);
        match self.given(field)? {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                // None stops at the first fault: there may be more behind it.
                let read: Vec<Option<T>> = items
                    .map(|(n, item)| self.faults.object(item, &format!("{path}[{n}]"), &mut read))
                    .collect();
                read.into_iter().collect()
            }
            _ => self.faults.malformed(path, "wrong_type", "must be a list"),
        }
    }

    fn required_objects<T>(
        &mut self,
        field: &str,
        read: impl FnMut(&mut Fields<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        if self.require(field) { self.objects(field, read) } else { None }
    }

    fn refuse_others(&mut self, known: &[&str]) {
        for field in self.map.keys().filter(|field| !known.contains(&field.as_str())) {
            self.faults.invalid::<()>(self.name(field), "unknown_field", "is not known here");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is said of content that cannot be read: status, code, and each field at fault.
    pub(super) fn told(text: &str) -> String {
        let problem = parse_outgoing(&serde_json::from_str(text).unwrap(), "content").unwrap_err();
        let mut told = format!("{} {}", problem.status.as_u16(), problem.code);
        problem.errors.iter().for_each(|error| told.push_str(&format!(" {}:{}", error.field, error.code)));
        told
    }

    /// The content of `json` is read, and shown again just so.
    pub(super) fn assert_read_as_it_is_shown(json: &Value) {
        let content = parse_outgoing(json, "content").unwrap_or_else(|problem| panic!("{json}: {problem:?}"));
        assert_eq!(serde_json::to_value(&content).unwrap(), *json);
    }

    #[test]
    fn places_and_reactions_are_read() {
        for json in [
            json!({"type": "location", "latitude": 52.5, "longitude": -13.0}),
            json!({"type": "location", "latitude": 90.0, "longitude": 180.0, "name": "שער", "address": "Pariser Platz"}),
            json!({"type": "reaction", "messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": "👍🏽"}),
            json!({"type": "reaction", "messageId": "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "emoji": ""}),
        ] {
            assert_read_as_it_is_shown(&json);
        }
        let by_uuid =
            json!({"type": "reaction", "messageId": "019aa6d6-83c4-7261-acb2-f8b8f9a4b86b", "emoji": ""});
        assert!(parse_outgoing(&by_uuid, "content").is_ok());
    }

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
            (
                json!({"type": "sticker", "mediaId": "019aa4b9-83c4-71c9-a7b0-b21b7d89a87b"}),
                Content::Sticker(Media {
                    media_id: Some("med_01KAJBK0Y4E74TFC5J3DYRKA3V".into()),
                    ..Media::default()
                }),
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
            (r#"{"type":"image","mediaId":"m"}"#, "422 invalid_request content.mediaId:invalid_id"),
            (r#"{"type":"image","mediaId":7}"#, "400 malformed_request content.mediaId:wrong_type"),
            (
                r#"{"type":"image","mediaId":"med_01KASDQ0Y4E9GTHSRQ3QWS9E3B","url":"https://x.example"}"#,
                "422 invalid_request content.mediaId:ambiguous",
            ),
            (r#"{"type":"image","url":"u","size":1}"#, "422 unknown_field content.size:unknown_field"),
            (r#"{"type":"image","url":"u","sha256":"s"}"#, "422 unknown_field content.sha256:unknown_field"),
            (
                r#"{"type":"location","latitude":"1","name":5,"url":"u"}"#,
                "400 malformed_request content.latitude:wrong_type content.longitude:required content.name:wrong_type content.url:unknown_field",
            ),
            (
                r#"{"type":"reaction"}"#,
                "400 required_field_missing content.messageId:required content.emoji:required",
            ),
            (
                r#"{"type":"reaction","messageId":"cnv_01KASDPK7RFXV9N0R0QV4T9M5C","emoji":"👍"}"#,
                "422 invalid_request content.messageId:invalid_id",
            ),
            (r#"{"type":"order"}"#, "422 unsupported_content content.type:unsupported_content"),
            (
                r#"{"type":"unsupported","raw":{}}"#,
                "422 unsupported_content content.type:unsupported_content",
            ),
            (r#"{"type":"hologram"}"#, "422 unknown_content_type content.type:unknown_content_type"),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
