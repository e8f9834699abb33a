//! Foreign JSON as PostgreSQL can hold it: read leniently, free of what `jsonb` refuses.

use std::borrow::Cow;

use serde_json::Value;

/// Reads a foreign body; broken UTF-8 and lone surrogates, as cut texts have them, become U+FFFD.
///
/// # Errors
/// The body is not JSON, or nested too deep.
pub(super) fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        let Cow::Owned(repaired) = repair(body) else { return Err(error) };
        serde_json::from_slice(&repaired)
    })
}

/// Replaces U+0000, which `jsonb` cannot hold, by U+FFFD in every text and name.
pub(super) fn make_storable(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_storable),
        Value::Object(map) => {
            map.values_mut().for_each(make_storable);
            if map.keys().any(|name| name.contains('\0')) {
                let named = std::mem::take(map).into_iter();
                *map = named.map(|(name, value)| (name.replace('\0', "\u{fffd}"), value)).collect();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The body as UTF-8 in which every escaped surrogate has its partner; borrowed if nothing had to change.
fn repair(body: &[u8]) -> Cow<'_, [u8]> {
    let text = String::from_utf8_lossy(body);
    let bytes = text.as_bytes();
    let mut lone = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match escaped_unit(bytes, at) {
            Some(0xd800..=0xdbff) if matches!(escaped_unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                lone.push(at);
                at += 6;
            }
            // Another escape: its second byte may be a backslash, which begins nothing.
            _ => at += 2,
        }
    }
    if lone.is_empty() {
        return match text {
            Cow::Borrowed(_) => Cow::Borrowed(body),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
    }
    let mut repaired = text.into_owned().into_bytes();
    for at in lone {
        repaired[at..at + 6].copy_from_slice(b"\\ufffd");
    }
    Cow::Owned(repaired)
}

/// The UTF-16 unit that `\uXXXX` at this place stands for.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let hex = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    hex.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cut_texts_are_read_with_a_replacement_character() {
        let cases: &[(&[u8], Value)] = &[
            (br#""caf\u00e9 \ud83d\ude00""#, json!("café 😀")),
            (
                br#"["a\ud83d","\ude00b","\ud83d\ud83d\ude00"]"#,
                json!(["a\u{fffd}", "\u{fffd}b", "\u{fffd}😀"]),
            ),
            (br#"["\\ud83d","\\\ud83d"]"#, json!(["\\ud83d", "\\\u{fffd}"])),
            (b"\"a\xffb\"", json!("a\u{fffd}b")),
        ];
        for (body, expected) in cases {
            assert_eq!(read(body).unwrap(), *expected, "{}", String::from_utf8_lossy(body));
        }
        for broken in [&b"\"\\ud8"[..], b"\"\\", b"{", b"", b"\xff", b"\"\\ud83d"] {
            assert!(read(broken).is_err());
        }
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn the_null_character_is_replaced_everywhere() {
        let mut value = json!({"a\u{0}": ["\u{0}", {"b": "x\u{0}y"}], "n": 1});
        make_storable(&mut value);
        assert_eq!(value, json!({"a\u{fffd}": ["\u{fffd}", {"b": "x\u{fffd}y"}], "n": 1}));
    }
}
