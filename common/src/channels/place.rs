//! A place in a content, and what is wrong there.

use url::Url;

use crate::problem::FieldError;

const URL_LIMIT: usize = 2048;
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
