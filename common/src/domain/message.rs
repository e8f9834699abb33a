//! A message's status: five words, and the moves between them.

use std::str::FromStr;

/// Where an outbound message stands; inbound ones are `delivered` or `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Accepted, not yet taken by the provider.
    Pending,
    /// Taken by the provider.
    Sent,
    /// On the contact's device.
    Delivered,
    /// Seen by the contact.
    Read,
    /// Ended without delivery; overtaken by a later proof of delivery.
    Failed,
}

impl Status {
    /// The stored and shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// Whether a message that stands at `self` moves to `next` when that is reported.
    ///
    /// `pending < sent < delivered < read`; `failed` only from `pending` or `sent`, and left only by a proof of delivery.
    pub fn moves_to(self, next: Self) -> bool {
        use Status::{Delivered, Failed, Pending, Read, Sent};
        match (self, next) {
            (Pending, Sent | Delivered | Read | Failed) | (Sent, Delivered | Read | Failed) => true,
            (Failed, Delivered | Read) | (Delivered, Read) => true,
            (Pending | Sent | Delivered | Read | Failed, _) => false,
        }
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Pending, Self::Sent, Self::Delivered, Self::Read, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("{text} is no message status"))
    }
}

/// Why a message failed, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Stable word for programs, such as `window_closed` or `recipient_unreachable`.
    pub code: String,
    /// The provider's own code, if it gave one.
    pub provider_code: Option<String>,
    /// One line for people.
    pub title: String,
    /// What the provider said, if anything.
    pub detail: Option<String>,
    /// Whether a manual retry may help.
    pub retryable: bool,
}

#[cfg(test)]
mod tests {
    use super::Status::{self, Delivered, Failed, Pending, Read, Sent};

    #[test]
    fn status_moves_only_forward_and_failure_is_overtaken_by_proof() {
        let moves: &[(Status, &[Status])] = &[
            (Pending, &[Sent, Delivered, Read, Failed]),
            (Sent, &[Delivered, Read, Failed]),
            (Delivered, &[Read]),
            (Read, &[]),
            (Failed, &[Delivered, Read]),
        ];
        for (from, to) in moves {
            for next in [Pending, Sent, Delivered, Read, Failed] {
                assert_eq!(from.moves_to(next), to.contains(&next), "{from:?} to {next:?}");
            }
        }
    }
}
