//! A message of either direction, and how far it has come.

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::clock::{Clock, Micros};

/// A message.
#[derive(Debug)]
pub struct Message {
    /// Place in the ledger; 0 for what a contact wrote.
    pub n: u64,
    /// Place among all messages.
    pub sequence: u64,
    /// Its id: the business's own, or minted for what a contact wrote.
    pub id: Box<str>,
    /// The agent.
    pub agent: Box<str>,
    /// Whether a contact wrote it.
    pub inbound: bool,
    /// The contact, as digits.
    pub contact: Box<str>,
    /// What it says, as JSON.
    pub body: Box<[u8]>,
    /// When it was accepted or written.
    pub at: Micros,
    /// The provider's word for how far it has come.
    pub status: Mutex<&'static str>,
}

impl Message {
    /// Its content.
    pub fn content(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What the provider answers to who sent it.
    pub fn view(&self, clock: &Clock) -> Value {
        json!({
            "name": format!("phones/+{}/agentMessages/{}", self.contact, self.id),
            "sendTime": clock.rfc3339(self.at),
            "contentMessage": self.content()["contentMessage"],
        })
    }
}

/// A new id.
pub fn mint() -> String {
    format!("Mx{:032x}", rand::random::<u128>())
}
