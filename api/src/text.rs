//! Checks of the texts in a body: length, and characters that a place can hold.

use common::problem::{FieldError, Problem};
use http::StatusCode;

/// Collects each field at fault, so that one answer names all.
#[derive(Debug, Default)]
pub struct Checks {
    errors: Vec<FieldError>,
}

impl Checks {
    /// Notes a fault unless `holds`.
    pub fn ensure(&mut self, holds: bool, field: &str, code: &str, message: &str) {
        if !holds {
            self.errors.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
        }
    }

    /// A text of 1 to `most` characters, none of them a control character.
    pub fn line(&mut self, field: &str, text: &str, most: usize) {
        let length = (1..=most).contains(&text.chars().count());
        self.ensure(length, field, "length", &format!("must have 1 to {most} characters"));
        self.ensure(
            !text.chars().any(char::is_control),
            field,
            "characters",
            "must not have control characters",
        );
    }

    /// A name that people read: a line that is not blank.
    pub fn name(&mut self, field: &str, text: &str, most: usize) {
        self.line(field, text, most);
        self.ensure(text.is_empty() || !text.trim().is_empty(), field, "blank", "must not be blank");
    }

    /// A secret that travels in headers: 1 to `most` visible ASCII characters.
    pub fn token(&mut self, field: &str, text: &str, most: usize) {
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        self.ensure(fits, field, "invalid", &format!("must have 1 to {most} visible ASCII characters"));
    }

    /// A provider's numeric id: 1 to 64 digits.
    pub fn digits(&mut self, field: &str, text: &str) {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        self.ensure(fits, field, "invalid", "must be the provider's id: 1 to 64 digits");
    }

    /// An id at the provider of texts: two letters that say of what, then 32 hexadecimal digits.
    pub fn sid(&mut self, field: &str, text: &str, letters: &str) {
        let hex = |rest: &str| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let message = format!("must be the provider's id: {letters} and 32 hexadecimal digits");
        self.ensure(text.strip_prefix(letters).is_some_and(hex), field, "invalid", &message);
    }

    /// Nothing, or 422 with each field at fault.
    ///
    /// # Errors
    /// When a fault was noted.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(first) = self.errors.first() else { return Ok(()) };
        let detail = format!("{} {}", first.field, first.message);
        let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail);
        problem.errors = self.errors;
        Err(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let mut checks = Checks::default();
        checks.line("name", "שלום 👋", 7);
        checks.line("long", "12345678", 7);
        checks.line("empty", "", 7);
        checks.line("nul", "a\0b", 7);
        checks.token("token", "two words", 20);
        checks.digits("id", "../1");
        checks.digits("good", "100000000000001");
        checks.sid("sid", "AC0000000000000000000000000000030", "AC");
        checks.sid("other", "SK00000000000000000000000000000301", "AC");
        checks.sid("fine", "AC0000000000000000000000000000030f", "AC");
        let problem = checks.finish().unwrap_err();
        let fields: Vec<_> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["long", "empty", "nul", "token", "id", "sid", "other"]);
        assert!(Checks::default().finish().is_ok());
    }
}
