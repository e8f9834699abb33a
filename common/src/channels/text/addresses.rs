//! Addresses of contacts and of senders: phone numbers, short codes and names.
//!
//! A contact's phone number is kept as its digits, as on the other channels. A resource of ours is kept as the provider
//! writes it: a phone number with its plus sign. A short code or a name is nobody's alone, so that the account stands before it.

/// Most and fewest digits of a phone number (E.164 with its country code).
const NUMBER: std::ops::RangeInclusive<usize> = 7..=15;
/// Most and fewest digits of a short code.
const SHORT_CODE: std::ops::RangeInclusive<usize> = 3..=6;
/// Most characters of a sender's name.
const NAME_LIMIT: usize = 11;
/// Most characters of any address that comes in.
const ADDRESS_LIMIT: usize = 255;

/// What kind of sender a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    /// A phone number.
    Number,
    /// A North American toll-free number.
    TollFree,
    /// A short code.
    ShortCode,
    /// A name, which cannot be answered.
    Name,
}

impl SenderKind {
    /// Messages a second that the provider lets through by default.
    pub fn pace(self) -> i32 {
        match self {
            Self::Number => 1,
            Self::TollFree => 3,
            Self::ShortCode | Self::Name => 10,
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a phone number in the provider's form.
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|rest| digits(rest) && NUMBER.contains(&rest.len()))
}

/// What kind of sender this is; none for what can be no sender.
pub fn sender_kind(text: &str) -> Option<SenderKind> {
    if is_e164(text) {
        let area = text.strip_prefix("+1").filter(|rest| rest.len() == 10).and_then(|rest| rest.get(..3));
        let free = matches!(area, Some("800" | "833" | "844" | "855" | "866" | "877" | "888"));
        return Some(if free { SenderKind::TollFree } else { SenderKind::Number });
    }
    if digits(text) {
        return SHORT_CODE.contains(&text.len()).then_some(SenderKind::ShortCode);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
    let named = text.len() <= NAME_LIMIT
        && text.trim() == text
        && text.bytes().all(plain)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    named.then_some(SenderKind::Name)
}

/// The id of a sender's resource.
pub fn resource(account: &str, sender: &str) -> String {
    if is_e164(sender) { sender.to_owned() } else { format!("{account}/{sender}") }
}

/// The sender of a resource, as the provider writes it.
pub fn sender(resource: &str) -> &str {
    resource.split_once('/').map_or(resource, |(_account, sender)| sender)
}

/// The one form in which a contact's address is kept; none for what is none.
pub(super) fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('+').filter(|rest| digits(rest)).unwrap_or(text);
    (1..=ADDRESS_LIMIT).contains(&text.chars().count()).then(|| text.to_owned())
}

/// A contact's address as the provider wants it.
pub(super) fn of_provider(address: &str) -> String {
    if digits(address) && address.len() >= *NUMBER.start() {
        format!("+{address}")
    } else {
        address.to_owned()
    }
}

/// An address as a client gives it: a phone number in whatever way people write it, or a short code.
pub(in crate::channels) fn of_client(text: &str) -> Option<String> {
    let text = text.trim();
    let plus = text.starts_with('+');
    let number = text.strip_prefix('+').unwrap_or(text);
    let separator = |c: char| matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{a0}');
    let number: String = number.chars().filter(|c| !separator(*c)).collect();
    let long = NUMBER.contains(&number.len());
    let short = !plus && SHORT_CODE.contains(&number.len());
    (digits(&number) && (long || short)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_s_address_is_kept_as_digits_and_sent_as_the_provider_wants_it() {
        let cases = [
            ("+15551234567", Some(("15551234567", "+15551234567"))),
            (" +1 (555) 123-4567 ", Some(("15551234567", "+15551234567"))),
            ("22395", Some(("22395", "22395"))),
            ("+22395", None),
            ("12", None),
            ("1234567890123456", None),
            ("ACME", None),
            ("", None),
        ];
        for (text, kept) in cases {
            let address = of_client(text);
            assert_eq!(address.as_deref(), kept.map(|(kept, _)| kept), "{text}");
            assert_eq!(address.map(|address| of_provider(&address)), kept.map(|(_, sent)| sent.into()));
        }
        assert_eq!(normal("+15551234567").as_deref(), Some("15551234567"));
        assert_eq!(normal("ACME").as_deref(), Some("ACME"));
        assert_eq!((normal(""), normal(&"x".repeat(256))), (None, None));
    }

    #[test]
    fn a_sender_is_a_number_a_short_code_or_a_name() {
        use SenderKind::{Name, Number, ShortCode, TollFree};
        let cases = [
            ("+15551234567", Some(Number)),
            ("+18005551234", Some(TollFree)),
            ("+448005551234", Some(Number)),
            ("12345", Some(ShortCode)),
            ("15551234567", None),
            ("ACME", Some(Name)),
            ("My Shop 24", Some(Name)),
            ("TwelveLetter", None),
            ("ACME!", None),
            (" ACME", None),
            ("+", None),
            ("", None),
        ];
        for (text, kind) in cases {
            assert_eq!(sender_kind(text), kind, "{text}");
        }
    }

    #[test]
    fn a_resource_that_is_nobody_s_alone_has_its_account_before_it() {
        for (text, id) in [("+15551234567", "+15551234567"), ("ACME", "AC1/ACME"), ("12345", "AC1/12345")] {
            assert_eq!(resource("AC1", text), id);
            assert_eq!(sender(id), text);
        }
    }
}
