//! The types of events: what webhooks and streams can be asked for.

/// A type of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// Its name.
    pub name: &'static str,
    /// What it tells, for people.
    pub meaning: &'static str,
}

macro_rules! events {
    ($($name:literal $meaning:literal,)+) => {
        /// Every type, as they are documented.
        pub const ALL: &[EventType] = &[$(EventType { name: $name, meaning: $meaning }),+];
    };
}

events! {
    "message.received" "A contact wrote.",
    "message.created" "A message to a contact was accepted, or was sent from the channel's own app.",
    "message.released" "A scheduled or held message got in line.",
    "message.sent" "The channel took a message.",
    "message.delivered" "A message reached the contact's device.",
    "message.read" "The contact has seen a message.",
    "message.failed" "A message ended without being sent, or the channel gave it up; `failure` says why.",
    "message.retried" "A failed message got in line once more.",
    "message.updated" "A message changed: edited, deleted, reacted to, or its file is there.",
    "conversation.created" "A conversation began.",
    "conversation.updated" "A conversation was read, archived or brought back, or its contact has another address; only what changed is told.",
    "conversation.assigned" "A conversation is a user's.",
    "conversation.unassigned" "A conversation is nobody's.",
    "conversation.window_closing" "A contact's reply window closes within the hour, unless the contact writes again.",
    "inbox.status_changed" "An inbox works, works with trouble or does not work, other than before; `reasons` say why.",
    "webhook.disabled" "An endpoint was disabled, because it said that it is gone or because it failed for days.",
}

/// Stands for every type.
pub const EVERY: &str = "*";

/// The type that a test is posted as; it is in no log.
pub const TEST: &str = "webhook.test";

/// Whether there is a type of this name.
pub fn is_known(name: &str) -> bool {
    ALL.iter().any(|event| event.name == name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn sources(folder: &Path, found: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("domain/event.rs")
            {
                found.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_type_is_written_somewhere() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        for folder in ["src", "../api/src", "../workers/src"] {
            sources(&root.join(folder), &mut text);
        }
        for event in ALL {
            let written = ['"', '\''].map(|quote| text.contains(&format!("{quote}{}{quote}", event.name)));
            assert!(written.contains(&true), "{} is never written", event.name);
            assert!(is_known(event.name));
        }
        assert!(!is_known(TEST) && !is_known(EVERY));
    }
}
