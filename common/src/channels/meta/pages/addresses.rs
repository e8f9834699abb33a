//! Contacts' addresses: ids that mean something to one page or account alone.

use serde_json::Value;

use crate::channels::meta::payloads::integer;

/// Most characters of an address.
const LIMIT: usize = 64;

/// An address as a client gives it, or as a webhook tells it: a number of any length.
pub(in crate::channels) fn of_client(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = !text.is_empty() && text.len() <= LIMIT && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.to_owned())
}

/// The address in a webhook's `sender` or `recipient`.
pub(super) fn of_webhook(party: &Value) -> Option<String> {
    let id = &party["id"];
    id.as_str().and_then(of_client).or_else(|| integer(id).and_then(|number| of_client(&number.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_number() {
        let long = "1".repeat(LIMIT + 1);
        let cases = [
            (" 6500000000000001 ", Some("6500000000000001")),
            ("+15551234567", None),
            ("", None),
            (&long, None),
        ];
        for (text, address) in cases {
            assert_eq!(of_client(text).as_deref(), address, "{text}");
        }
    }
}
