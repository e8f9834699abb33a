//! Contact addresses: phone numbers in any usual spelling, or business-scoped user ids.

/// The bare digits of a phone number, or a user id as it is; `None` when it is neither.
pub fn normalise(address: &str) -> Option<String> {
    if is_user_id(address) {
        return Some(address.to_owned());
    }
    let mut digits = String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '+' | '-' | '(' | ')' | ' ' => {}
            _ => return None,
        }
    }
    (5..=20).contains(&digits.len()).then_some(digits)
}

/// Whether an address is a business-scoped user id such as `US.13491208655302741918`.
pub fn is_user_id(address: &str) -> bool {
    let Some((country, rest)) = address.split_once('.') else { return false };
    let body = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&body.len())
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_lose_their_punctuation() {
        assert_eq!(normalise("+1 (650) 555-1234").as_deref(), Some("16505551234"));
        assert_eq!(normalise("1234"), None);
        assert_eq!(normalise("16505551234x"), None);
    }

    #[test]
    fn user_ids_stay_as_they_are() {
        assert_eq!(normalise("US.1349").as_deref(), Some("US.1349"));
        assert_eq!(normalise("US.ENT.1349").as_deref(), Some("US.ENT.1349"));
        assert_eq!(normalise("us.1349"), None);
    }
}
