//! A place in a content, and what is wrong there.

use url::Url;

use super::capabilities::{Capabilities, TextLimit};
use crate::domain::content::{Location, Media};
use crate::problem::FieldError;

const URL_LIMIT: usize = 2048;
/// Longest name of a file.
const FILENAME_LIMIT: usize = 240;
/// Most faults that are named: a list may hold one in every item.
const MOST: usize = 100;

/// A place in a content, and where its faults are noted.
pub(super) struct Place<'a> {
    path: String,
    channel: &'static str,
    faults: &'a mut Vec<FieldError>,
}

impl<'a> Place<'a> {
    /// The content itself, on a channel of this name.
    pub(super) fn content(channel: &'static str, faults: &'a mut Vec<FieldError>) -> Self {
        Self { path: "content".into(), channel, faults }
    }

    /// The object in a field.
    pub(super) fn at(&mut self, field: &str) -> Place<'_> {
        Place { path: format!("{}.{field}", self.path), channel: self.channel, faults: self.faults }
    }

    /// An item of the list in a field.
    pub(super) fn item(&mut self, field: &str, n: usize) -> Place<'_> {
        self.at(&format!("{field}[{n}]"))
    }

    /// Notes a fault of a field.
    pub(super) fn fault(&mut self, field: &str, code: &str, message: impl Into<String>) {
        if self.faults.len() < MOST {
            let field = format!("{}.{field}", self.path);
            self.faults.push(FieldError { field, code: code.into(), message: message.into() });
        }
    }

    /// A text that must say something, and not too much.
    pub(super) fn words(&mut self, field: &str, text: &str, limit: usize) {
        self.filled(field, text);
        self.length(field, text, limit);
    }

    /// A text that must say something.
    pub(super) fn filled(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.fault(field, "too_short", "must not be blank");
        }
    }

    /// A text that must say something, and not too much, counted as the limit counts.
    pub(super) fn text(&mut self, field: &str, text: &str, limit: TextLimit) {
        self.filled(field, text);
        let length = limit.measure(text);
        if length > limit.max_length {
            let (most, unit) = (limit.max_length, limit.unit.as_str());
            let message = format!("may have {most} {unit} on {} and has {length}", self.channel);
            self.fault(field, "too_long", message);
        }
    }

    /// A text that must not be too long.
    pub(super) fn length(&mut self, field: &str, text: &str, limit: usize) {
        let length = text.chars().count();
        if length > limit {
            let message = format!("may have {limit} characters on {} and has {length}", self.channel);
            self.fault(field, "too_long", message);
        }
    }

    /// A list that must have something, and not too much; whether it is so.
    pub(super) fn count(&mut self, field: &str, count: usize, limit: usize) -> bool {
        if count == 0 {
            self.fault(field, "too_few", "must not be empty");
        }
        if count > limit {
            let message = format!("may have {limit} on {} and has {count}", self.channel);
            self.fault(field, "too_many", message);
        }
        (1..=limit).contains(&count)
    }

    /// A place on earth.
    pub(super) fn location(&mut self, location: &Location) {
        for (field, degrees, most) in
            [("latitude", location.latitude, 90.0), ("longitude", location.longitude, 180.0)]
        {
            if !(-most..=most).contains(&degrees) {
                self.fault(field, "out_of_range", format!("must be between -{most} and {most}"));
            }
        }
    }

    /// A file that is sent as `kind`; one of ours is known by media type and size.
    pub(super) fn file(&mut self, kind: &str, media: &Media, table: &Capabilities) {
        match (&media.media_id, &media.url) {
            (Some(_), _) => self.upload(kind, media, table),
            (None, Some(url)) => self.address("url", url),
            (None, None) => self.fault("url", "required", format!("is required on {}", self.channel)),
        }
        if let Some(filename) = &media.filename {
            self.length("filename", filename, FILENAME_LIMIT);
            if filename.trim().is_empty() || filename.chars().any(char::is_control) {
                let why = "must not be blank or contain control characters";
                self.fault("filename", "invalid_character", why);
            }
        }
    }

    fn upload(&mut self, kind: &str, media: &Media, table: &Capabilities) {
        let mime_type = media.mime_type.as_deref().unwrap_or_default();
        let Some(rule) = table.media_rule(kind, mime_type, media.animated) else {
            let (channel, takes) = (self.channel, table.media_types(kind));
            let message = format!("is {mime_type}; as {kind}, {channel} takes {takes}");
            return self.fault("mediaId", "media_type_not_supported", message);
        };
        if let Some(size) = media.size.filter(|size| *size > rule.max_bytes) {
            let (channel, most) = (self.channel, rule.max_bytes);
            let message = format!("has {size} bytes; {channel} takes {most} at most of this type");
            self.fault("mediaId", "media_too_large", message);
        }
    }

    /// The words with a file that is sent as `kind`.
    pub(super) fn caption(&mut self, kind: &str, media: &Media, table: &Capabilities) {
        match (&media.caption, table.max_caption(kind)) {
            (Some(_), 0) => self.no_caption(media),
            (Some(caption), most) => self.length("caption", caption, most),
            (None, _) => (),
        }
    }

    /// For where the channel shows no words with a file.
    pub(super) fn no_caption(&mut self, media: &Media) {
        if media.caption.is_some() {
            self.unsupported("caption");
        }
    }

    /// A field that the channel has no place for.
    pub(super) fn unsupported(&mut self, field: &str) {
        self.fault(field, "not_supported", format!("is not taken here on {}", self.channel));
    }

    /// One of these words.
    pub(super) fn one_of(&mut self, field: &str, word: &str, words: &[&str]) {
        if !words.contains(&word) {
            self.fault(field, "unsupported_value", format!("must be {}", words.join(" or ")));
        }
    }

    /// A web address.
    pub(super) fn address(&mut self, field: &str, url: &str) {
        self.length(field, url, URL_LIMIT);
        if !is_web_address(url) {
            self.fault(field, "invalid_url", "must be an http or https address with a host");
        }
    }
}

/// The parser forgives white space that the provider does not.
fn is_web_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    plain && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
