//! What one phone number remembers: its rate, and each chat's window, pace and history.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::clock::{MILLISECOND, Micros};
use crate::message::{Accepted, Inbound, Progress, Step};
use crate::pacing::Cell;

/// How long the provider shows that the business is typing.
const TYPING: Micros = 25_000 * MILLISECOND;

/// The chats of one phone number.
#[derive(Debug, Default)]
pub struct Chats {
    /// Use of the number's own rate limit.
    pub throughput: Cell,
    by_contact: HashMap<Box<str>, Chat>,
}

impl Chats {
    /// The chat with a contact, if there ever was a message.
    pub fn find(&self, contact: &str) -> Option<&Chat> {
        self.by_contact.get(contact)
    }

    /// The same, to change it.
    pub fn find_mut(&mut self, contact: &str) -> Option<&mut Chat> {
        self.by_contact.get_mut(contact)
    }

    /// All contacts, with their chats.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Chat)> {
        self.by_contact.iter().map(|(contact, chat)| (&**contact, chat))
    }

    /// The chat with a contact, begun when there was none.
    pub fn open(&mut self, contact: &str) -> &mut Chat {
        // Not `entry`: it would need an owned key for every message.
        if !self.by_contact.contains_key(contact) {
            self.by_contact.insert(contact.into(), Chat::default());
        }
        self.by_contact.get_mut(contact).unwrap_or_else(|| unreachable!("inserted above"))
    }
}

/// One contact and one phone number.
#[derive(Debug, Default)]
pub struct Chat {
    /// Use of the pair's rate limit.
    pub pair: Cell,
    /// When the contact wrote last.
    pub wrote_at: Option<Micros>,
    /// The user id that the contact has besides its number, if it told it.
    pub user_id: Option<Box<str>>,
    /// Since when the business is typing.
    pub typing_since: Option<Micros>,
    /// When the latest `sent`, `delivered` and `read` are due, so that later messages do not overtake.
    pub due: [Micros; 3],
    history: VecDeque<Entry>,
}

/// A message of a chat.
#[derive(Debug, Clone)]
pub enum Entry {
    /// From the business.
    Accepted(Arc<Accepted>),
    /// From the contact.
    Inbound(Arc<Inbound>),
}

impl Entry {
    /// Place among all messages.
    pub fn sequence(&self) -> u64 {
        match self {
            Self::Accepted(message) => message.sequence,
            Self::Inbound(message) => message.sequence,
        }
    }

    /// The id the message goes by.
    pub fn id(&self) -> &str {
        match self {
            Self::Accepted(message) => &message.provider_id,
            Self::Inbound(message) => &message.id,
        }
    }

    fn progress(&self) -> &Progress {
        match self {
            Self::Accepted(message) => &message.progress,
            Self::Inbound(message) => &message.progress,
        }
    }
}

impl Chat {
    /// Whether a free-form message is allowed.
    pub fn window_open(&self, now: Micros, window: Micros) -> bool {
        self.wrote_at.is_some_and(|at| now < at + window)
    }

    /// Whether the business is typing: until it sends something, and no longer than the provider shows it.
    pub fn is_typing(&self, now: Micros) -> bool {
        self.typing_since.is_some_and(|since| now < since + TYPING)
    }

    /// Adds a message, forgetting the oldest beyond `keep`.
    pub fn remember(&mut self, entry: Entry, keep: usize) {
        if matches!(entry, Entry::Accepted(_)) {
            self.typing_since = None;
        }
        while self.history.len() >= keep.max(1) {
            self.history.pop_front();
        }
        if keep > 0 {
            self.history.push_back(entry);
        }
    }

    /// The messages remembered, oldest first.
    pub fn history(&self) -> impl Iterator<Item = &Entry> {
        self.history.iter()
    }

    /// The business read the contact's messages up to `id`.
    pub fn business_read(&self, id: &str) {
        let up_to = self.history.iter().find(|entry| entry.id() == id).map(Entry::sequence);
        for entry in self.history.iter().filter(|entry| matches!(entry, Entry::Inbound(_))) {
            if up_to.is_none_or(|sequence| entry.sequence() <= sequence) {
                entry.progress().reach(Step::Read);
            }
        }
    }

    /// The contact read the business's messages; those that were unread until now.
    pub fn contact_read(&self) -> Vec<Arc<Accepted>> {
        let messages = self.history.iter().filter_map(|entry| match entry {
            Entry::Accepted(message) => Some(message),
            Entry::Inbound(_) => None,
        });
        messages
            .filter(|message| message.progress.get() == Step::Delivered && message.progress.reach(Step::Read))
            .cloned()
            .collect()
    }
}
