//! A text, of either direction, and how far it has come.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::clock::{Clock, Micros};
use crate::media::Medium;

/// The version in every address.
pub const VERSION: &str = "2010-04-01";

/// A text.
#[derive(Debug)]
pub struct Message {
    /// Place in the ledger; 0 for what a contact wrote.
    pub n: u64,
    /// Place among all messages.
    pub sequence: u64,
    /// Its id.
    pub sid: Box<str>,
    /// Its account's id.
    pub account: Box<str>,
    /// Whether a contact wrote it.
    pub inbound: bool,
    /// Who wrote it: a sender of the account, or a contact.
    pub from: Box<str>,
    /// Whom it is for.
    pub to: Box<str>,
    /// The messaging service it went through.
    pub service: Option<Box<str>>,
    /// Its words.
    pub body: Box<str>,
    /// How many segments it takes.
    pub segments: usize,
    /// How many files were asked for.
    pub files_asked: usize,
    /// Where its statuses are told, with the fragment that asks for repeats.
    pub callback: Option<Box<str>>,
    /// What the business called it by, in the callback's query.
    pub correlation: Option<Box<str>>,
    /// The form as it came, as JSON.
    pub form: Box<[u8]>,
    /// When it was accepted or written.
    pub at: Micros,
    /// How far it has come.
    pub state: Mutex<State>,
}

/// How far a text has come.
#[derive(Debug)]
pub struct State {
    /// The provider's word.
    pub status: &'static str,
    /// Why it failed.
    pub error: Option<u32>,
    /// When that came to be.
    pub updated: Micros,
    /// Its files, once they are there.
    pub files: Vec<Arc<Medium>>,
}

impl Message {
    /// The contact, as digits.
    pub fn contact(&self) -> String {
        let address = if self.inbound { &self.from } else { &self.to };
        address.trim_start_matches('+').to_owned()
    }

    /// The account's own side.
    pub fn sender(&self) -> &str {
        if self.inbound { &self.to } else { &self.from }
    }

    /// Its address within the API.
    pub fn path(&self) -> String {
        format!("/{VERSION}/Accounts/{}/Messages/{}", self.account, self.sid)
    }

    /// The id of one of its files.
    pub fn file_sid(medium: &Medium) -> String {
        let number: u128 = medium.id.parse().unwrap_or_default();
        format!("ME{number:032x}")
    }

    /// The message as the API shows it.
    pub fn view(&self, clock: &Clock) -> Value {
        let state = self.state.lock();
        let date = |at: Micros| clock.utc(at).to_rfc2822();
        let sent = !matches!(state.status, "queued" | "accepted" | "scheduled");
        json!({
            "sid": self.sid,
            "account_sid": self.account,
            "messaging_service_sid": self.service,
            "from": self.from,
            "to": self.to,
            "body": self.body,
            // Counts are texts.
            "num_segments": self.segments.to_string(),
            "num_media": self.files_asked.max(state.files.len()).to_string(),
            "direction": if self.inbound { "inbound" } else { "outbound-api" },
            "status": state.status,
            "error_code": state.error,
            "error_message": state.error.map(super::error::words),
            "price": null,
            "price_unit": "USD",
            "date_created": date(self.at),
            "date_sent": sent.then(|| date(state.updated)),
            "date_updated": date(state.updated),
            "api_version": VERSION,
            "uri": format!("{}.json", self.path()),
            "subresource_uris": { "media": format!("{}/Media.json", self.path()) },
        })
    }
}

/// A new id: letters, then 32 hexadecimal digits.
pub fn mint(letters: &str) -> String {
    format!("{letters}{:032x}", rand::random::<u128>())
}
