//! What the provider answers.

use serde::Deserialize;

/// A message that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct SentMessage {
    pub sid: String,
}

/// Why something was refused.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub code: i64,
    #[serde(default)]
    pub message: Option<String>,
}

/// An account.
#[derive(Debug, Deserialize)]
pub(super) struct AccountBody {
    pub sid: String,
    #[serde(default)]
    pub friendly_name: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
}

/// A page of an account's numbers.
#[derive(Debug, Deserialize)]
pub(super) struct NumbersPage {
    pub incoming_phone_numbers: Vec<NumberBody>,
}

/// A number.
#[derive(Debug, Deserialize)]
pub(super) struct NumberBody {
    pub sid: String,
    pub phone_number: String,
    #[serde(default)]
    pub friendly_name: Option<String>,
}

/// A messaging service.
#[derive(Debug, Deserialize)]
pub(super) struct ServiceBody {
    pub sid: String,
}
