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
}
