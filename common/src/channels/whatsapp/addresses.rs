//! The two forms of a contact's address: a phone number's digits, or a business-scoped user id.

use serde_json::Value;

/// Most characters of an address.
const ADDRESS_LIMIT: usize = 255;

/// Whether an address is a phone number, and not a user id.
pub(super) fn is_number(address: &str) -> bool {
    !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_digit())
}

/// The one form in which an address is kept: without space and plus sign; none for what is no address.
pub(super) fn normal(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::trim)?;
    let text = text.strip_prefix('+').filter(|digits| is_number(digits)).unwrap_or(text);
    (1..=ADDRESS_LIMIT).contains(&text.chars().count()).then(|| text.to_owned())
}

/// Most and fewest digits of a phone number (E.164 with its country code).
const NUMBER: std::ops::RangeInclusive<usize> = 5..=15;
/// Most characters of a business-scoped user id: a country code, a dot, and up to 128 letters and digits.
const USER_ID_LIMIT: usize = 2 + 1 + 128;

/// An address as a client gives it: a phone number in whatever way people write it, or a business-scoped user id.
pub(in crate::channels) fn of_client(text: &str) -> Option<String> {
    let text = text.trim();
    let user_id = text.len() <= USER_ID_LIMIT
        && text.split_once('.').is_some_and(|(country, rest)| {
            country.len() == 2
                && country.bytes().all(|byte| byte.is_ascii_uppercase())
                && !rest.is_empty()
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        });
    if user_id {
        return Some(text.to_owned());
    }
    let number = text.strip_prefix('+').unwrap_or(text);
    let separator = |c: char| matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{a0}');
    let digits: String = number.chars().filter(|c| !separator(*c)).collect();
    (is_number(&digits) && NUMBER.contains(&digits.len())).then_some(digits)
}

/// The distinct addresses among `values`, phone numbers first.
pub(super) fn distinct<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for address in values.into_iter().filter_map(normal) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found.sort_by_key(|address| !is_number(address));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_normal_distinct_and_begin_with_the_number() {
        let values =
            [json!("US.1349"), json!(""), json!("+16505551234"), json!("16505551234"), json!(5), json!(null)];
        assert_eq!(distinct(&values), ["16505551234", "US.1349"]);
        assert_eq!(normal(&json!("x".repeat(256))), None);
        assert_eq!(normal(&json!("+")), Some("+".into()));
    }

    #[test]
    fn a_client_s_address_is_kept_as_the_provider_writes_it() {
        let cases = [
            ("+15551234567", Some("15551234567")),
            (" +1 (555) 123-4567 ", Some("15551234567")),
            ("15551234567", Some("15551234567")),
            ("US.13491208655302741918", Some("US.13491208655302741918")),
            ("us.1", None),
            ("1234", None),
            ("1234567890123456", None),
            ("++15551234567", None),
            ("someone", None),
            ("", None),
        ];
        for (text, kept) in cases {
            assert_eq!(of_client(text).as_deref(), kept, "{text}");
        }
    }
}
