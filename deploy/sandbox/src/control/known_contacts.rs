//! `GET /contacts`: whom the sandbox has heard of, for a page that chooses whose phone to show.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::chat::Entry;
use crate::message::Author;
use crate::sandbox::Sandbox;

/// Most contacts listed.
const MOST: usize = 100;
/// Most texts of an account, and messages of an agent, looked at.
const LOOKED_AT: usize = 10_000;

#[derive(Default)]
struct Known {
    name: Option<Box<str>>,
    /// Place of its latest message among all messages.
    latest: u64,
}

/// Lists contacts that wrote or were written to, whoever did so last first.
pub async fn list_contacts(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let mut known: HashMap<String, Known> = HashMap::new();
    for phone in sandbox.directory.phones() {
        for (contact, chat) in phone.chats.lock().all() {
            let Some(latest) = chat.history().last().map(Entry::sequence) else { continue };
            let entry = known.entry(contact.to_owned()).or_default();
            entry.latest = entry.latest.max(latest);
            entry.name = entry.name.take().or_else(|| chat.history().find_map(name));
        }
    }
    for account in sandbox.texts.all() {
        for message in account.book.lock().newest_first().take(LOOKED_AT) {
            let entry = known.entry(message.contact()).or_default();
            entry.latest = entry.latest.max(message.sequence);
        }
    }
    for agent in sandbox.agents.all() {
        for message in agent.book.lock().all().rev().take(LOOKED_AT) {
            let entry = known.entry(message.contact.to_string()).or_default();
            entry.latest = entry.latest.max(message.sequence);
        }
    }
    for page in sandbox.pages.all() {
        for (contact, chat) in page.chats.lock().iter() {
            let Some(latest) = chat.messages.last().map(|message| message.sequence) else { continue };
            let entry = known.entry(contact.clone()).or_default();
            entry.latest = entry.latest.max(latest);
        }
    }
    let mut known: Vec<(String, Known)> = known.into_iter().collect();
    known.sort_by_key(|(_, known)| std::cmp::Reverse(known.latest));
    known.truncate(MOST);
    let contacts: Vec<Value> =
        known.into_iter().map(|(address, known)| json!({"address": address, "name": known.name})).collect();
    Json(json!({"contacts": contacts}))
}

/// The name under which a contact wrote.
fn name(entry: &Entry) -> Option<Box<str>> {
    match entry {
        Entry::Inbound(message) if message.author == Author::Contact && message.name != message.contact => {
            Some(message.name.clone())
        }
        _ => None,
    }
}
