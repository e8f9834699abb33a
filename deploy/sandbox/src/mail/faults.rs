//! What shall go wrong with email: rules matched against each recipient.

use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// What may go wrong with one email; several fields may be set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailFault {
    /// Wait this long before answering to the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Refuse the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse: Option<Reply>,
    /// Keep the email, and answer only after this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
}

/// A reply to refuse with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Reply code, 400 to 599.
    pub code: u16,
    /// Its text; names the recipient when absent, as servers do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A fault and the recipients it is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailRule {
    /// Only for this recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// How many emails are left for it; without end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What goes wrong.
    pub fault: MailFault,
}

/// The rules in force, oldest first.
#[derive(Debug, Default)]
pub struct MailFaults(Mutex<Vec<MailRule>>);

const LONGEST_MS: u64 = 24 * 60 * 60 * 1_000;

impl MailRule {
    /// What is wrong with it, if something is.
    pub fn check(&self) -> Result<(), &'static str> {
        let MailFault { delay_ms, refuse, hold_ms } = &self.fault;
        if self.fault == MailFault::default() {
            return Err("fault must name at least one thing to go wrong");
        }
        if self.times == Some(0) {
            return Err("times must be at least 1");
        }
        if refuse.as_ref().is_some_and(|reply| !(400..=599).contains(&reply.code)) {
            return Err("refuse.code must be between 400 and 599");
        }
        let line = |text: &String| !text.is_empty() && !text.chars().any(char::is_control);
        if refuse.as_ref().and_then(|reply| reply.text.as_ref()).is_some_and(|text| !line(text)) {
            return Err("refuse.text must be one line");
        }
        if [delay_ms, hold_ms].into_iter().flatten().any(|milliseconds| *milliseconds > LONGEST_MS) {
            return Err("times in milliseconds end at a day");
        }
        Ok(())
    }
}

impl MailFault {
    /// How long to wait before answering to the recipient.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or_default())
    }

    /// How long to hold the answer to a kept email.
    pub fn hold(&self) -> Duration {
        Duration::from_millis(self.hold_ms.unwrap_or_default())
    }
}

impl MailFaults {
    /// Adds a rule.
    pub fn add(&self, rule: MailRule) {
        self.0.lock().push(rule);
    }

    /// The rules in force.
    pub fn list(&self) -> Vec<MailRule> {
        self.0.lock().clone()
    }

    /// Removes all rules; says how many went.
    pub fn clear(&self) -> usize {
        std::mem::take(&mut *self.0.lock()).len()
    }

    /// The fault of the oldest rule for this recipient, which is used up by one.
    pub fn pick(&self, recipient: &str) -> Option<MailFault> {
        let mut rules = self.0.lock();
        let meant =
            |rule: &MailRule| rule.recipient.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(recipient));
        let place = rules.iter().position(meant)?;
        let rule = rules.get_mut(place)?;
        let fault = rule.fault.clone();
        rule.times = rule.times.map(|times| times.saturating_sub(1));
        if rule.times == Some(0) {
            rules.remove(place);
        }
        Some(fault)
    }
}
