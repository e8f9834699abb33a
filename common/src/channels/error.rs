//! What went wrong at a provider, classified: the channel says what it is, the worker decides what to do.

use std::time::Duration;

use crate::domain::message::Failure;

/// The code by which a channel says that a contact wants no marketing.
pub const MARKETING_OPT_OUT: &str = "recipient_opted_out";

/// The code by which a channel says that a contact wants no messages at all from this sender.
pub const OPT_OUT: &str = "recipient_stopped";

/// What an error calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Try the same message again, with backoff.
    Transient,
    /// The sender is too fast: wait, without counting it as a try.
    ThrottleSender,
    /// The sender is too fast for this contact: wait, without counting it as a try.
    ThrottleRecipient,
    /// The credentials are not taken: nothing of this sender can go until someone renews them.
    Auth,
    /// The account or the number is blocked: nothing of this sender can go until someone acts.
    Account,
    /// This contact cannot be reached.
    Recipient,
    /// This contact does not want it.
    OptOut,
    /// The reply window is closed.
    Window,
    /// The provider does not take this content.
    Content,
    /// The template cannot be used, or not like this.
    Template,
}

impl Action {
    /// Every action.
    pub const ALL: &'static [Self] = &[
        Self::Transient,
        Self::ThrottleSender,
        Self::ThrottleRecipient,
        Self::Auth,
        Self::Account,
        Self::Recipient,
        Self::OptOut,
        Self::Window,
        Self::Content,
        Self::Template,
    ];

    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::ThrottleSender => "throttle_sender",
            Self::ThrottleRecipient => "throttle_recipient",
            Self::Auth => "auth",
            Self::Account => "account",
            Self::Recipient => "recipient",
            Self::OptOut => "opt_out",
            Self::Window => "window",
            Self::Content => "content",
            Self::Template => "template",
        }
    }

    /// Whether the same message may pass later with nothing about it changed; all else is final for it.
    pub fn keeps_message(self) -> bool {
        match self {
            Self::Transient | Self::ThrottleSender | Self::ThrottleRecipient | Self::Auth | Self::Account => {
                true
            }
            Self::Recipient | Self::OptOut | Self::Window | Self::Content | Self::Template => false,
        }
    }

    /// Whether it says that we are too fast; such a refusal does not count as a try.
    pub fn throttles(self) -> bool {
        matches!(self, Self::ThrottleSender | Self::ThrottleRecipient)
    }

    /// Whether it concerns everything that the sender sends, so that its gate closes.
    pub fn closes_gate(self) -> bool {
        matches!(self, Self::Auth | Self::Account)
    }

    /// Whether a person's retry of a message that ended so may help: the contact or the account may have changed.
    pub fn retry_may_help(self) -> bool {
        self.keeps_message() || matches!(self, Self::Recipient | Self::Window)
    }
}

/// A provider's refusal, or a call that never reached it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{title} ({code}{}{})", shown(" provider code ", .provider_code.as_ref()), shown(" HTTP ", .http_status.as_ref()))]
pub struct ChannelError {
    /// What it calls for.
    pub action: Action,
    /// Our stable word, such as `window_closed`.
    pub code: &'static str,
    /// The provider's own code, if it gave one.
    pub provider_code: Option<String>,
    /// One line for people.
    pub title: String,
    /// What the provider said, if anything.
    pub detail: Option<String>,
    /// The least wait before another try: the provider's word, else what is known of the code.
    pub retry_after: Option<Duration>,
    /// The answer's HTTP status, if there was an answer.
    pub http_status: Option<u16>,
    /// After how many tries an error that keeps the message is final after all; none means that only time ends it.
    pub most_tries: Option<u32>,
}

fn shown<T: std::fmt::Display>(label: &str, value: Option<&T>) -> String {
    value.map_or_else(String::new, |value| format!(",{label}{value}"))
}

impl ChannelError {
    /// An error without an answer behind it.
    pub fn new(action: Action, code: &'static str, title: impl Into<String>) -> Self {
        Self {
            action,
            code,
            provider_code: None,
            title: title.into(),
            detail: None,
            retry_after: None,
            http_status: None,
            most_tries: None,
        }
    }

    /// Adds what was seen.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Why the inbox is not active, where this error closes its gate: a word of `status.reasons`.
    pub fn inbox_reason(&self) -> &'static str {
        if self.action == Action::Auth { "token_expired" } else { self.code }
    }

    /// The error as the API shows it on a message that ended so.
    pub fn failure(&self) -> Failure {
        Failure {
            code: self.code.to_owned(),
            provider_code: self.provider_code.clone(),
            title: self.title.clone(),
            detail: self.detail.clone(),
            retryable: self.action.retry_may_help(),
        }
    }
}

/// A webhook body that nothing can be made of; it is to be kept whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unparsed {
    /// Why, for people; holds nothing of the body.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_codes_and_becomes_a_failure() {
        let mut error =
            ChannelError::new(Action::Window, "window_closed", "The reply window is closed").detail("24 h");
        assert_eq!(error.to_string(), "The reply window is closed (window_closed)");
        (error.provider_code, error.http_status) = (Some("131047".into()), Some(400));
        assert_eq!(
            error.to_string(),
            "The reply window is closed (window_closed, provider code 131047, HTTP 400)"
        );
        let failure = error.failure();
        assert_eq!(
            (failure.code.as_str(), failure.detail.as_deref(), failure.retryable),
            ("window_closed", Some("24 h"), true)
        );
    }

    #[test]
    fn what_closes_a_gate_or_throttles_keeps_the_message() {
        for action in Action::ALL {
            assert!(action.keeps_message() || !(action.closes_gate() || action.throttles()), "{action:?}");
        }
    }
}
