//! The words by which people stop texts, and begin them again. The provider acts on them itself, and refuses what is sent
//! to those who stopped.

/// Words that stop everything.
const STOP: &[&str] = &["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"];
/// Words that begin it again.
const START: &[&str] = &["START", "YES", "UNSTOP"];

/// Whether a message stops texts (true) or begins them again (false), by what the provider took it for, else by its only
/// word; none for all others, a request for help included.
pub(super) fn stops(told: Option<&str>, body: &str) -> Option<bool> {
    match told.map(str::to_ascii_uppercase).as_deref() {
        Some("STOP") => return Some(true),
        Some("START") => return Some(false),
        Some(_) => return None,
        None => (),
    }
    let word = body.trim().to_ascii_uppercase();
    if STOP.contains(&word.as_str()) {
        return Some(true);
    }
    START.contains(&word.as_str()).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_by_itself_stops_or_begins() {
        let cases = [
            (None, "stop", Some(true)),
            (None, " Unsubscribe\n", Some(true)),
            (None, "STOP it", None),
            (None, "please stop", None),
            (None, "Start", Some(false)),
            (None, "yes", Some(false)),
            (None, "HELP", None),
            (None, "", None),
            (Some("STOP"), "basta", Some(true)),
            (Some("START"), "hola", Some(false)),
            (Some("HELP"), "STOP", None),
        ];
        for (told, body, expected) in cases {
            assert_eq!(stops(told, body), expected, "{told:?} {body}");
        }
    }
}
