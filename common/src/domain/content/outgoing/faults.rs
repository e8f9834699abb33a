//! Notes what is wrong with each field, and makes one problem of it all.

use http::StatusCode;
use serde_json::Value;

use super::Fields;
use crate::problem::{FieldError, Problem};

/// Codes of fields that a problem takes for its own when nothing else is wrong.
const TELLING: &[&str] = &["unknown_field", "unsupported_content", "unknown_content_type"];
/// Most faults that are named: a list may hold one in every item.
const MOST: usize = 100;
/// Most levels of JSON that is kept as it is given: whoever reads it inside of something else can still do so.
const LEVELS: usize = 32;

#[derive(Default)]
pub(super) struct Faults {
    malformed: Vec<FieldError>,
    invalid: Vec<FieldError>,
}

impl Faults {
    pub(super) fn of_invalid(invalid: Vec<FieldError>) -> Self {
        Self { malformed: Vec::new(), invalid }
    }

    /// Notes a field that cannot be read.
    pub(super) fn malformed<T>(&mut self, field: String, code: &str, message: &str) -> Option<T> {
        note(&mut self.malformed, field, code, message);
        None
    }

    /// Notes a field that can be read and not be taken.
    pub(super) fn invalid<T>(&mut self, field: String, code: &str, message: &str) -> Option<T> {
        note(&mut self.invalid, field, code, message);
        None
    }

    /// Reads an object that stands at `path`.
    pub(super) fn object<T>(
        &mut self,
        value: &Value,
        path: &str,
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        match value {
            Value::Object(map) => read(&mut Fields { map, path, faults: self }),
            Value::Null => self.malformed(path.to_owned(), "required", "is required"),
            _ => self.malformed(path.to_owned(), "wrong_type", "must be an object"),
        }
    }

    /// Reads a text that stands at `path`.
    pub(super) fn text(&mut self, value: &Value, path: String) -> Option<String> {
        match value {
            Value::String(text) => self.storable(text, path).map(str::to_owned),
            _ => self.malformed(path, "wrong_type", "must be a string"),
        }
    }

    /// The text, unless it holds the one character that PostgreSQL's jsonb cannot.
    pub(super) fn storable<'a>(&mut self, text: &'a str, path: String) -> Option<&'a str> {
        if text.contains('\0') {
            return self.invalid(path, "invalid_character", "must not contain U+0000");
        }
        Some(text)
    }

    /// Notes whatever cannot be stored in JSON that is kept as it is given.
    pub(super) fn check_stored(&mut self, value: &Value, path: &str) {
        self.check_levels(value, path, LEVELS);
    }

    fn check_levels(&mut self, value: &Value, path: &str, levels: usize) {
        if levels == 0 {
            self.invalid::<()>(path.to_owned(), "too_deep", "is nested too deeply");
            return;
        }
        match value {
            Value::String(text) => drop(self.storable(text, path.to_owned())),
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.check_levels(item, &format!("{path}[{n}]"), levels - 1);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = format!("{path}.{name}");
                    self.storable(name, path.clone());
                    self.check_levels(value, &path, levels - 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.malformed.is_empty() && self.invalid.is_empty()
    }

    /// One problem that names every fault; being malformed outweighs being invalid.
    pub(super) fn into_problem(self) -> Problem {
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

fn note(faults: &mut Vec<FieldError>, field: String, code: &str, message: &str) {
    if faults.len() < MOST {
        faults.push(FieldError { field, code: code.into(), message: message.into() });
    }
}
