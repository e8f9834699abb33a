//! Addresses of contacts: phone numbers, kept as their digits, as on the other channels.

/// Most and fewest digits of a phone number (E.164 with its country code).
const NUMBER: std::ops::RangeInclusive<usize> = 7..=15;

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits of a number as the provider writes it; none for what is no number.
pub(super) fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    let number = text.strip_prefix('+').unwrap_or(text);
    (digits(number) && number.len() <= *NUMBER.end()).then(|| number.to_owned())
}

/// A contact's number as the provider wants it.
pub(super) fn of_provider(address: &str) -> String {
    format!("+{address}")
}

/// A number as a client gives it, in whatever way people write it.
pub(in crate::channels) fn of_client(text: &str) -> Option<String> {
    let text = text.trim();
    let number = text.strip_prefix('+').unwrap_or(text);
    let separator = |c: char| matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{a0}');
    let number: String = number.chars().filter(|c| !separator(*c)).collect();
    (digits(&number) && NUMBER.contains(&number.len())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_as_digits_and_sent_with_its_plus_sign() {
        for (text, kept) in [
            ("+15551234567", Some("15551234567")),
            (" +1 (555) 123-4567 ", Some("15551234567")),
            ("22395", None),
            ("1234567890123456", None),
            ("ACME", None),
            ("", None),
        ] {
            assert_eq!(of_client(text).as_deref(), kept, "{text}");
        }
        assert_eq!(of_provider("15551234567"), "+15551234567");
        assert_eq!(normal("+15551234567").as_deref(), Some("15551234567"));
        assert_eq!((normal("ACME"), normal("")), (None, None));
    }
}
