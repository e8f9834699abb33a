//! What the provider answers.

use serde::Deserialize;

/// A message that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct SentMessage {
    pub name: String,
}

/// Why something was refused.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub error: Refusal,
}

/// What a refusal says.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub message: Option<String>,
    /// The word that says what it is, such as `NOT_FOUND`.
    pub status: String,
}

/// A token.
#[derive(Debug, Deserialize)]
pub(super) struct TokenBody {
    pub access_token: crate::config::Secret,
    pub expires_in: u64,
}

/// Why no token was given.
#[derive(Debug, Deserialize)]
pub(super) struct TokenRefusal {
    pub error: String,
    #[serde(default)]
    pub error_description: Option<String>,
}

/// What a phone can show.
#[derive(Debug, Deserialize)]
pub(super) struct PhoneFeatures {
    #[serde(default)]
    pub features: Vec<String>,
}
