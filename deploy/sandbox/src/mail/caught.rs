//! The emails caught, the oldest first.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::OnceLock;

use mail_parser::MessageParser;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::MailFaults;

/// Emails kept; the oldest go first.
const CAPACITY: usize = 1_000;
/// Longest line that SMTP lets through, without its end.
const LONGEST_LINE: usize = 998;

/// Everything caught, and what shall go wrong with the next.
#[derive(Debug, Default)]
pub struct Caught {
    /// Faults to order.
    pub faults: MailFaults,
    address: OnceLock<SocketAddr>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    emails: VecDeque<Value>,
    last: u64,
}

/// An email as it comes in.
#[derive(Debug, Default)]
pub struct Incoming {
    /// The sender that SMTP was told.
    pub from: String,
    /// The recipients that SMTP was told.
    pub to: Vec<String>,
    /// Who authenticated, if somebody did.
    pub user: Option<String>,
    /// Whether 8-bit content was announced.
    pub eight_bit: bool,
    /// The email itself.
    pub raw: Vec<u8>,
}

impl Caught {
    /// Notes where it listens.
    pub fn listens_on(&self, address: SocketAddr) {
        let _once = self.address.set(address);
    }

    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// Keeps an email, or says what is wrong with it.
    pub fn keep(&self, incoming: &Incoming, at: &str) -> Result<u64, &'static str> {
        check(incoming)?;
        let parsed = MessageParser::default().parse(&incoming.raw).ok_or("is not an email")?;
        let shown = parsed.from().and_then(|from| from.first());
        let from = shown.map(|from| json!({ "name": from.name(), "address": from.address() }));
        let headers: Vec<_> = parsed
            .headers_raw()
            .map(|(name, value)| json!({ "name": name, "value": value.trim() }))
            .collect();
        let mut kept = self.kept.lock();
        kept.last += 1;
        let email = json!({
            "n": kept.last, "at": at, "sender": incoming.from, "recipients": incoming.to, "user": incoming.user,
            "from": from, "messageId": parsed.message_id(), "subject": parsed.subject(),
            "text": parsed.body_text(0), "html": parsed.body_html(0), "headers": headers,
        });
        kept.emails.push_back(email);
        if kept.emails.len() > CAPACITY {
            kept.emails.pop_front();
        }
        Ok(kept.last)
    }

    /// The emails to a recipient, or all.
    pub fn list(&self, recipient: Option<&str>) -> Vec<Value> {
        let to = |email: &&Value| {
            let mut recipients =
                email["recipients"].as_array().into_iter().flatten().filter_map(Value::as_str);
            recipient.is_none_or(|wanted| recipients.any(|one| one.eq_ignore_ascii_case(wanted)))
        };
        self.kept.lock().emails.iter().filter(to).cloned().collect()
    }

    /// One email by its number.
    pub fn find(&self, n: u64) -> Option<Value> {
        self.kept.lock().emails.iter().find(|email| email["n"] == n).cloned()
    }

    /// Throws everything away; says how much it was. Numbers go on.
    pub fn clear(&self) -> usize {
        let mut kept = self.kept.lock();
        std::mem::take(&mut kept.emails).len()
    }
}

/// What RFC 5321 asks of content.
fn check(incoming: &Incoming) -> Result<(), &'static str> {
    let raw = &incoming.raw;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\r\n").ok_or("has a line that does not end with CR LF")?;
        if bare.contains(&b'\r') {
            return Err("has a CR within a line");
        }
        if bare.len() > LONGEST_LINE {
            return Err("has a line of more than 998 octets");
        }
    }
    if !incoming.eight_bit && !raw.is_ascii() {
        return Err("has 8-bit content that was not announced");
    }
    Ok(())
}
