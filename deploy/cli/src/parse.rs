//! Values of arguments: the limits that the database sets, told before it is asked.

use chrono::{DateTime, SecondsFormat, Utc};

/// Most characters of a name.
const NAME_LIMIT: usize = 200;
/// Most characters of an e-mail address.
const EMAIL_LIMIT: usize = 320;

/// A name of 1 to 200 characters.
///
/// # Errors
/// What is expected instead.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    match name.chars().count() {
        1..=NAME_LIMIT if !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => Err(format!("expected 1 to {NAME_LIMIT} characters on one line")),
    }
}

/// An e-mail address, as far as it can be told without writing to it.
///
/// # Errors
/// What is expected instead.
pub fn email(text: &str) -> Result<String, String> {
    let email = text.trim();
    let parts = email.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let unwanted = |c: char| c.is_control() || c.is_whitespace();
    match parts {
        Some(_) if email.chars().count() <= EMAIL_LIMIT && !email.contains(unwanted) => Ok(email.to_owned()),
        _ => Err("expected an e-mail address such as ada@example.com".to_owned()),
    }
}

/// A time to come, RFC 3339.
///
/// # Errors
/// What is expected instead.
pub fn time_to_come(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| "expected RFC 3339, such as 2030-01-31T12:00:00Z".to_owned())?;
    if time <= Utc::now() {
        return Err("expected a time that is to come".to_owned());
    }
    Ok(time.to_utc())
}

/// A time as every answer shows it: RFC 3339, UTC, with milliseconds.
pub fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time that may not be there, for a table.
pub fn shown_or_dash(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "-".to_owned(), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_past_the_databases_limits_are_refused() {
        assert_eq!(name(" Ada ").as_deref(), Ok("Ada"));
        assert!(name(" ").is_err() && name(&"x".repeat(201)).is_err() && name("a\nb").is_err());
        assert!(email("ada@example.com").is_ok());
        for bad in ["", "ada", "@example.com", "ada@", "a da@example.com"] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert!(time_to_come("2999-01-01T00:00:00Z").is_ok());
        assert!(time_to_come("1999-01-01T00:00:00Z").is_err() && time_to_come("tomorrow").is_err());
    }
}
