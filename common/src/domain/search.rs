//! The words that messages are found by: taken apart the same way when they are indexed and when they are looked for.

use super::content::{Content, Interactive, InteractiveKind, Media, TemplateParameters};
use super::ids::OrganizationId;

/// Most characters of a word that count.
const WORD_LIMIT: usize = 40;
/// Most words of a look-up that count.
const TERM_WORDS: usize = 10;
/// Least characters of a piece that is looked for in the middle of a name or address: its trigrams lead to it.
const PIECE: usize = 3;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    words: Vec<String>,
    text: String,
}

impl Term {
    /// Reads what somebody typed; none when it has neither letters nor digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words: Vec<String> = Vec::new();
        for word in split(text) {
            if !words.contains(&word) && words.len() < TERM_WORDS {
                words.push(word);
            }
        }
        (!words.is_empty()).then(|| Self { words, text: text.trim().to_owned() })
    }

    /// A `tsquery` for messages of an organization in which each word begins one.
    pub fn query(&self, organization: OrganizationId) -> String {
        let prefix = prefix(organization);
        let terms: Vec<String> = self.words.iter().map(|word| format!("'{prefix}{word}':*")).collect();
        terms.join(" & ")
    }

    /// `LIKE` patterns that a name has to match, all of them; the first is the one to find it by.
    pub fn name_patterns(&self) -> Vec<String> {
        let longest = self.words.iter().max_by_key(|word| word.chars().count());
        match longest.filter(|word| word.chars().count() >= PIECE) {
            None => vec![format!("{}%", self.words.join(" "))],
            Some(longest) => {
                let others = self.words.iter().filter(|word| *word != longest);
                std::iter::once(longest).chain(others).map(|word| format!("%{word}%")).collect()
            }
        }
    }

    /// A `LIKE` pattern for addresses: the digits of a phone number however it is written, or an id as it is.
    pub fn address_pattern(&self) -> Option<String> {
        let phone = self.text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c));
        let piece: String = if phone {
            self.text.chars().filter(char::is_ascii_digit).collect()
        } else if self.text.contains(char::is_whitespace) {
            return None;
        } else {
            self.text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_")
        };
        Some(if piece.chars().count() >= PIECE { format!("%{piece}%") } else { format!("{piece}%") })
    }
}

/// The text form of the `tsvector` by which a message of this organization is found; empty for one without words.
pub fn document(organization: OrganizationId, content: &Content) -> String {
    let prefix = prefix(organization);
    let mut words: Vec<String> = texts(content).into_iter().flat_map(split).collect();
    words.sort_unstable();
    words.dedup();
    words.iter().map(|word| format!("{prefix}{word}")).collect::<Vec<_>>().join(" ")
}

/// The random end of the id: entries of another organization that shares it by chance are left out by its id.
fn prefix(organization: OrganizationId) -> String {
    let id = organization.0.simple().to_string();
    id[id.len() - 8..].to_owned()
}

/// Runs of letters and digits in lower case.
fn split(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| {
        let lower = word.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
        lower.take(WORD_LIMIT).collect()
    })
}

/// What people read of a message.
fn texts(content: &Content) -> Vec<&str> {
    match content {
        Content::Text(it) => vec![&it.text],
        Content::Image(it)
        | Content::Video(it)
        | Content::Audio(it)
        | Content::Document(it)
        | Content::Sticker(it) => media(it),
        Content::Location(it) => [&it.name, &it.address].into_iter().flatten().map(String::as_str).collect(),
        Content::Contacts(it) => {
            let cards = it.contacts.iter();
            cards.map(|card| card.name.formatted_name.as_str()).collect()
        }
        Content::Template(it) => {
            let filled: Vec<&str> = match &it.parameters {
                None => Vec::new(),
                Some(TemplateParameters::Positional(values)) => values.iter().map(String::as_str).collect(),
                Some(TemplateParameters::Named(values)) => values.values().map(String::as_str).collect(),
            };
            std::iter::once(it.name.as_str()).chain(filled).collect()
        }
        Content::Interactive(it) => interactive(it),
        Content::Order(it) => it.text.as_deref().into_iter().collect(),
        Content::Referral(it) => [&it.headline, &it.body].into_iter().flatten().map(String::as_str).collect(),
        Content::Postback(it) => vec![it.title.as_deref().unwrap_or(&it.payload)],
        Content::System(it) => vec![&it.text],
        Content::Reaction(_) | Content::Unsupported(_) | Content::Deleted => Vec::new(),
    }
}

fn media(media: &Media) -> Vec<&str> {
    [&media.caption, &media.filename].into_iter().flatten().map(String::as_str).collect()
}

fn interactive(interactive: &Interactive) -> Vec<&str> {
    let words = interactive.interactive.words();
    let titles: Vec<&str> = match &interactive.interactive {
        InteractiveKind::Buttons(it) => it.buttons.iter().map(|button| button.title.as_str()).collect(),
        InteractiveKind::List(it) => {
            it.sections.iter().flat_map(|section| &section.rows).map(|row| row.title.as_str()).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once(words).chain(titles).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found_by(content: serde_json::Value) -> Vec<String> {
        let organization = OrganizationId::new();
        let prefix = prefix(organization);
        let document = document(organization, &serde_json::from_value(content).unwrap());
        document.split_whitespace().map(|word| word.strip_prefix(&prefix).unwrap().to_owned()).collect()
    }

    #[test]
    fn a_message_is_found_by_what_people_read_of_it() {
        let text = "Grüße, ÅNGSTRÖM! ada@example.com\u{0} it's #42 it";
        let words = ["42", "ada", "com", "example", "grüße", "it", "s", "ångström"];
        assert_eq!(found_by(json!({ "type": "text", "text": text })), words);
        let document = json!({ "type": "document", "caption": "Your bill", "filename": "may_2026.pdf" });
        assert_eq!(found_by(document), ["2026", "bill", "may", "pdf", "your"]);
        let buttons = json!({ "type": "interactive", "interactive": { "type": "buttons", "body": "Sure?", "buttons": [
            { "id": "secret", "title": "Yes" }, { "id": "n", "title": "No" } ] } });
        assert_eq!(found_by(buttons), ["no", "sure", "yes"]);
        assert_eq!(found_by(json!({ "type": "text", "text": "👍 …" })), Vec::<String>::new());
        assert_eq!(found_by(json!({ "type": "text", "text": "x".repeat(4096) })), ["x".repeat(40)]);
    }

    #[test]
    fn a_term_is_taken_apart_like_a_message() {
        let organization: OrganizationId = "018f6a3e-0000-7000-8000-0000abcd1234".parse().unwrap();
        let term = Term::parse(" Invoice, O'Neil invoice ").unwrap();
        assert_eq!(term.query(organization), "'abcd1234invoice':* & 'abcd1234o':* & 'abcd1234neil':*");
        assert_eq!(term.name_patterns(), ["%invoice%", "%o%", "%neil%"]);
        assert_eq!(Term::parse("al B").unwrap().name_patterns(), ["al b%"]);
        assert_eq!(Term::parse("…%_' 👍"), None);
    }

    #[test]
    fn a_phone_number_is_found_however_it_is_written() {
        let pattern = |text: &str| Term::parse(text).unwrap().address_pattern();
        assert_eq!(pattern("+1 (555) 000-1111").as_deref(), Some("%15550001111%"));
        assert_eq!(pattern("+1").as_deref(), Some("1%"));
        assert_eq!(pattern("US.1_2%").as_deref(), Some(r"%US.1\_2\%%"));
        assert_eq!(pattern("two words"), None);
    }
}
