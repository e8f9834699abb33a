//! Faults to order: rules set by tests, matched against each message.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::message::Step;

/// What may go wrong with one message; several fields may be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Wait this long before deciding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Answer with this error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse: Option<Refuse>,
    /// Cut the connection instead of answering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<Drop>,
    /// Accept, and answer only after this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
    /// Change the statuses that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusFault>,
    /// Disturb a call about a file; such a rule meets no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaFault>,
}

/// What goes wrong with a call about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MediaFault {
    /// Which call.
    pub on: MediaCall,
    /// Wait this long first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Answer with this status and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Cut the connection instead of answering.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut: bool,
}

/// A call about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MediaCall {
    /// Where it is.
    LookUp,
    /// Its bytes.
    Download,
}

/// An error to answer with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refuse {
    /// HTTP status.
    pub http_status: u16,
    /// Graph error code.
    pub code: u32,
    /// Graph error subcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcode: Option<u32>,
    /// Error text; the provider's own for the code when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Seconds for a `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The error's `is_transient`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_transient: Option<bool>,
}

/// When to cut the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Drop {
    /// Nothing is accepted.
    BeforeAccept,
    /// The message is accepted and in the ledger, its statuses go out.
    AfterAccept,
}

/// What happens to a message's statuses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct StatusFault {
    /// Added before the first one; others may overtake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Extra copies of each.
    #[serde(skip_serializing_if = "is_zero")]
    pub duplicate: usize,
    /// Last one first.
    #[serde(skip_serializing_if = "is_false")]
    pub reorder: bool,
    /// `biz_opaque_callback_data` is not echoed.
    #[serde(skip_serializing_if = "is_false")]
    pub drop_correlation: bool,
    /// Left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppress: Vec<StatusName>,
    /// `failed` with this code instead of all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_code: Option<u32>,
}

/// A status as faults name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StatusName {
    /// `sent`
    Sent,
    /// `delivered`
    Delivered,
    /// `read`
    Read,
    /// `failed`
    Failed,
}

impl From<StatusName> for Step {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Sent => Self::Sent,
            StatusName::Delivered => Self::Delivered,
            StatusName::Read => Self::Read,
            StatusName::Failed => Self::Failed,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A fault and the messages it is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Set by the sandbox.
    #[serde(default, skip_deserializing)]
    pub id: String,
    /// Only messages from this phone number id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Only messages to this contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// How many messages are left for it; without end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What goes wrong.
    pub fault: Fault,
}

/// The rules in force, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    any: AtomicBool,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    list: Vec<Rule>,
    minted: u64,
}

impl Faults {
    /// Adds a rule; answers its id.
    pub fn add(&self, mut rule: Rule) -> String {
        let mut rules = self.rules.lock();
        rules.minted += 1;
        rule.id = format!("flt_{}", rules.minted);
        let id = rule.id.clone();
        rules.list.push(rule);
        self.any.store(true, Ordering::Release);
        id
    }

    /// The rules in force.
    pub fn list(&self) -> Vec<Rule> {
        self.rules.lock().list.clone()
    }

    /// Removes one rule, or all; says how many went.
    pub fn remove(&self, id: Option<&str>) -> usize {
        let mut rules = self.rules.lock();
        let before = rules.list.len();
        rules.list.retain(|rule| id.is_some_and(|id| rule.id != id));
        self.any.store(!rules.list.is_empty(), Ordering::Release);
        before - rules.list.len()
    }

    /// The fault for a call about a file: of the oldest rule that has one for this call.
    pub fn pick_media(&self, call: MediaCall) -> Option<MediaFault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut rules = self.rules.lock();
        let meets = |rule: &&mut Rule| rule.fault.media.as_ref().is_some_and(|fault| fault.on == call);
        let rule = rules.list.iter_mut().find(meets)?;
        rule.times = rule.times.map(|times| times.saturating_sub(1));
        let picked = rule.fault.media.clone();
        rules.list.retain(|rule| rule.times != Some(0));
        self.any.store(!rules.list.is_empty(), Ordering::Release);
        picked
    }

    /// The fault for one message. Each field comes from the oldest rule that has it, and only rules that give
    /// a field are used up, so that two rules of one kind take effect one after the other.
    pub fn pick(&self, sender: &str, recipient: &str) -> Option<Fault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut rules = self.rules.lock();
        let mut picked = Fault::default();
        for rule in rules.list.iter_mut().filter(|rule| rule.matches(sender, recipient)) {
            if picked.take_from(&rule.fault) {
                rule.times = rule.times.map(|times| times.saturating_sub(1));
            }
        }
        rules.list.retain(|rule| rule.times != Some(0));
        self.any.store(!rules.list.is_empty(), Ordering::Release);
        (picked != Fault::default()).then_some(picked)
    }
}

impl Rule {
    fn matches(&self, sender: &str, recipient: &str) -> bool {
        self.sender.as_deref().is_none_or(|only| only == sender)
            && self.recipient.as_deref().is_none_or(|only| only == recipient)
    }
}

const LONGEST_MS: u64 = 24 * 60 * 60 * 1_000;
const MOST_COPIES: usize = 1_000;

impl Fault {
    /// Whether its numbers are ones that can be worked with.
    pub fn is_bounded(&self) -> bool {
        let status_delay = self.status.as_ref().and_then(|status| status.delay_ms);
        let copies = self.status.as_ref().map_or(0, |status| status.duplicate);
        let media_delay = self.media.as_ref().and_then(|media| media.delay_ms);
        let times = [self.delay_ms, self.hold_ms, status_delay, media_delay];
        times.into_iter().flatten().all(|milliseconds| milliseconds <= LONGEST_MS) && copies <= MOST_COPIES
    }

    /// Fills empty fields from `other`; says whether any was filled.
    fn take_from(&mut self, other: &Self) -> bool {
        fill(&mut self.delay_ms, &other.delay_ms)
            | fill(&mut self.refuse, &other.refuse)
            | fill(&mut self.drop, &other.drop)
            | fill(&mut self.hold_ms, &other.hold_ms)
            | fill(&mut self.status, &other.status)
    }
}

fn fill<T: Clone>(slot: &mut Option<T>, from: &Option<T>) -> bool {
    if slot.is_some() || from.is_none() {
        return false;
    }
    slot.clone_from(from);
    true
}
