//! The emojis that can be put on a message, and the provider's words for them.

/// The provider's word and its emoji; the first emoji of a word is the one that is shown for it.
const REACTIONS: &[(&str, &str)] = &[
    ("love", "❤"),
    ("love", "😍"),
    ("smile", "😆"),
    ("wow", "😮"),
    ("sad", "😢"),
    ("angry", "😠"),
    ("like", "👍"),
    ("dislike", "👎"),
];

/// The provider's word for an emoji; how it is to be drawn does not matter.
pub(super) fn word(emoji: &str) -> Option<&'static str> {
    let plain = emoji.trim_end_matches('\u{fe0f}');
    REACTIONS.iter().find(|(_, known)| *known == plain).map(|(word, _)| *word)
}

/// The emoji of a word that a webhook tells without one.
pub(super) fn emoji(word: &str) -> Option<&'static str> {
    REACTIONS.iter().find(|(known, _)| *known == word).map(|(_, emoji)| *emoji)
}

/// The emojis, for people.
pub(super) fn listed() -> String {
    REACTIONS.iter().map(|(_, emoji)| *emoji).collect::<Vec<_>>().join(" ")
}
