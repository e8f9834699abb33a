//! How many segments a text takes.

/// The GSM alphabet; what stands after the bar takes two places.
const ONE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const TWO: &str = "\u{c}^{}\\[~]|€";

/// The segments of a text; one at least.
pub fn number(text: &str) -> usize {
    let gsm = text.chars().all(|character| ONE.contains(character) || TWO.contains(character));
    let place = |character: char| match gsm {
        true if TWO.contains(character) => 2,
        true => 1,
        false => character.len_utf16(),
    };
    let (alone, joined) = if gsm { (160, 153) } else { (70, 67) };
    if text.chars().map(place).sum::<usize>() <= alone {
        return 1;
    }
    let (mut segments, mut room) = (1, joined);
    for places in text.chars().map(place) {
        if places > room {
            segments += 1;
            room = joined;
        }
        room -= places;
    }
    segments
}
