//! How many segments a text takes: what is paid for, and what a sender's throughput counts.

/// Units of a segment that goes alone, and of one of several, which lose room to the header that joins them.
const GSM7: (usize, usize) = (160, 153);
const UCS2: (usize, usize) = (70, 67);

/// The characters of the GSM 03.38 alphabet that take one unit; those of its extension take two.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// How a text is written on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character: the GSM alphabet.
    Gsm7,
    /// Sixteen bits a unit: everything else.
    Ucs2,
}

impl Encoding {
    /// The word for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }
}

/// The segments of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// How it is written.
    pub encoding: Encoding,
    /// How many there are.
    pub number: usize,
}

/// Counts a text's segments.
pub fn count(text: &str) -> Segments {
    // What takes two units is never cut in the middle, so what does not fit begins the next segment.
    let gsm7: Option<Vec<usize>> = text.chars().map(gsm7_units).collect();
    match gsm7 {
        Some(units) => Segments { encoding: Encoding::Gsm7, number: parts(&units, GSM7) },
        None => {
            let units: Vec<usize> = text.chars().map(char::len_utf16).collect();
            Segments { encoding: Encoding::Ucs2, number: parts(&units, UCS2) }
        }
    }
}

fn gsm7_units(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        return Some(1);
    }
    EXTENDED.contains(character).then_some(2)
}

fn parts(units: &[usize], (alone, joined): (usize, usize)) -> usize {
    if units.iter().sum::<usize>() <= alone {
        return 1;
    }
    let (mut parts, mut filled) = (1, 0);
    for unit in units {
        if filled + unit > joined {
            (parts, filled) = (parts + 1, 0);
        }
        filled += unit;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_by_its_alphabet() {
        use Encoding::{Gsm7, Ucs2};
        let cases = [
            (String::new(), Gsm7, 1),
            ("a".repeat(160), Gsm7, 1),
            ("a".repeat(161), Gsm7, 2),
            ("a".repeat(306), Gsm7, 2),
            ("a".repeat(307), Gsm7, 3),
            ("€".repeat(80), Gsm7, 1),
            // 76 of them fill 152 of 153 units; the next has no room for half of itself.
            ("€".repeat(81), Gsm7, 2),
            ("€".repeat(153), Gsm7, 3),
            ("ç".to_owned(), Ucs2, 1),
            ("я".repeat(70), Ucs2, 1),
            ("я".repeat(71), Ucs2, 2),
            ("я".repeat(135), Ucs2, 3),
            // An emoji is two units, and is not cut.
            ("😀".repeat(35), Ucs2, 1),
            ("😀".repeat(36), Ucs2, 2),
            ("😀".repeat(67), Ucs2, 3),
        ];
        for (text, encoding, number) in cases {
            assert_eq!(count(&text), Segments { encoding, number }, "{} characters", text.chars().count());
        }
    }
}
