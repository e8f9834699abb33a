//! Everything the sandbox accepted, in order, bounded.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use crate::message::Accepted;
use crate::pages;
use crate::rcs;
use crate::text::Message;

/// A message that was accepted, on whichever channel.
#[derive(Debug, Clone)]
pub enum Entry {
    /// On WhatsApp.
    Whatsapp(Arc<Accepted>),
    /// A text.
    Text(Arc<Message>),
    /// By RCS.
    Rcs(Arc<rcs::Message>),
    /// On Messenger or Instagram.
    Page(Arc<pages::Message>),
}

impl From<Arc<pages::Message>> for Entry {
    fn from(message: Arc<pages::Message>) -> Self {
        Self::Page(message)
    }
}

impl From<Arc<Accepted>> for Entry {
    fn from(message: Arc<Accepted>) -> Self {
        Self::Whatsapp(message)
    }
}

impl From<Arc<Message>> for Entry {
    fn from(message: Arc<Message>) -> Self {
        Self::Text(message)
    }
}

impl From<Arc<rcs::Message>> for Entry {
    fn from(message: Arc<rcs::Message>) -> Self {
        Self::Rcs(message)
    }
}

impl Entry {
    /// Its place in the ledger.
    pub fn n(&self) -> u64 {
        match self {
            Self::Whatsapp(message) => message.n,
            Self::Text(message) => message.n,
            Self::Rcs(message) => message.n,
            Self::Page(message) => message.n,
        }
    }

    /// Who sent it: a phone number id, a sender of texts, an agent, or a page.
    pub fn sender(&self) -> &str {
        match self {
            Self::Whatsapp(message) => &message.phone.id,
            Self::Text(message) => &message.from,
            Self::Rcs(message) => &message.agent,
            Self::Page(message) => &message.page,
        }
    }

    /// Whom it is for, as digits or user id.
    pub fn recipient(&self) -> &str {
        match self {
            Self::Whatsapp(message) => &message.recipient,
            Self::Text(message) => message.to.trim_start_matches('+'),
            Self::Rcs(message) => &message.contact,
            Self::Page(message) => &message.contact,
        }
    }

    /// What the business calls it.
    pub fn correlation(&self) -> Option<&str> {
        match self {
            Self::Whatsapp(message) => message.correlation.as_deref(),
            Self::Text(message) => message.correlation.as_deref(),
            Self::Rcs(message) => Some(&message.id),
            Self::Page(message) => message.correlation.as_deref(),
        }
    }
}

/// Accepted messages in order of acceptance.
#[derive(Debug)]
pub struct Ledger {
    capacity: usize,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    entries: VecDeque<Entry>,
    /// Number of the latest entry; it goes on after a `clear`.
    last: u64,
    /// Entries accepted since the last `clear`.
    accepted: u64,
}

/// Which entries to read.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only entries after this number.
    pub after: u64,
    /// Only entries from this phone number id, or sender of texts.
    pub sender: Option<String>,
    /// Only entries to this contact.
    pub recipient: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// Counts over the entries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    accepted: u64,
    held: usize,
    per_sender: HashMap<Box<str>, u64>,
    doubled_correlations: u64,
    doubled: Vec<Box<str>>,
    without_correlation: u64,
}

const SCAN: usize = 4_096;
const EXAMPLES: usize = 100;

impl Ledger {
    /// An empty ledger of at most `capacity` entries.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), book: Mutex::default() }
    }

    /// Adds the entry that `make` builds from its number.
    pub fn append<T>(&self, make: impl FnOnce(u64) -> Arc<T>) -> Arc<T>
    where
        Entry: From<Arc<T>>,
    {
        let mut book = self.book.lock();
        book.last += 1;
        book.accepted += 1;
        let entry = make(book.last);
        // Dropped after the lock: freeing a message must not hold up the others.
        let oldest = if book.entries.len() >= self.capacity { book.entries.pop_front() } else { None };
        book.entries.push_back(entry.clone().into());
        drop(book);
        drop(oldest);
        entry
    }

    /// Entries that match, and the number to read on after.
    pub fn read(&self, filter: &Filter) -> (Vec<Entry>, u64) {
        let mut found = Vec::new();
        let mut after = filter.after;
        loop {
            let chunk = self.chunk(after);
            let Some(last) = chunk.last().map(Entry::n) else { return (found, after) };
            for entry in chunk {
                if found.len() >= filter.limit {
                    return (found, after);
                }
                after = entry.n();
                if filter.matches(&entry) {
                    found.push(entry);
                }
            }
            after = last;
        }
    }

    /// Forgets all entries; says how many. Numbers go on.
    pub fn clear(&self) -> usize {
        let mut book = self.book.lock();
        book.accepted = 0;
        let entries = std::mem::take(&mut book.entries);
        drop(book);
        entries.len()
    }

    /// Entries accepted since the last `clear`.
    pub fn accepted(&self) -> u64 {
        self.book.lock().accepted
    }

    /// Number of the latest entry there ever was.
    pub fn last(&self) -> u64 {
        self.book.lock().last
    }

    /// Entries dropped for want of room since the last `clear`.
    pub fn dropped(&self) -> u64 {
        let book = self.book.lock();
        book.accepted - book.entries.len() as u64
    }

    /// Counts what is held; walks all of it.
    pub fn summary(&self) -> Summary {
        let (entries, accepted) = {
            let book = self.book.lock();
            (book.entries.iter().cloned().collect::<Vec<_>>(), book.accepted)
        };
        let mut per_sender: HashMap<Box<str>, u64> = HashMap::new();
        let mut seen = HashSet::with_capacity(entries.len());
        let mut doubled = HashSet::new();
        let mut without_correlation = 0;
        for entry in &entries {
            match per_sender.get_mut(entry.sender()) {
                Some(count) => *count += 1,
                None => drop(per_sender.insert(entry.sender().into(), 1)),
            }
            match entry.correlation() {
                None => without_correlation += 1,
                Some(correlation) if !seen.insert(correlation) => drop(doubled.insert(correlation)),
                Some(_) => {}
            }
        }
        Summary {
            accepted,
            held: entries.len(),
            per_sender,
            doubled_correlations: doubled.len() as u64,
            doubled: doubled.into_iter().take(EXAMPLES).map(Into::into).collect(),
            without_correlation,
        }
    }

    /// Up to `SCAN` entries after a number, so that a long read never holds the lock for long.
    fn chunk(&self, after: u64) -> Vec<Entry> {
        let book = self.book.lock();
        let Some(first) = book.entries.front().map(Entry::n) else { return Vec::new() };
        let skip = usize::try_from(after.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        book.entries.range(skip.min(book.entries.len())..).take(SCAN).cloned().collect()
    }
}

impl Filter {
    fn matches(&self, entry: &Entry) -> bool {
        self.sender.as_deref().is_none_or(|sender| sender == entry.sender())
            && self.recipient.as_deref().is_none_or(|recipient| recipient == entry.recipient())
    }
}
