//! What the provider says of a number that may send: its quality, restrictions, and whether it tells us anything.

use serde::Deserialize;
use serde_json::Value;

use super::{account, address};
use crate::channels::{ChannelError, Sender};

const FIELDS: &str = "id,quality_rating,status";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Number {
    quality_rating: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Apps {
    data: Vec<Value>,
}

/// Asks about the number, and whether its account's webhooks go anywhere.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn check(http: &reqwest::Client, sender: &Sender) -> Result<Vec<&'static str>, ChannelError> {
    let url = address(&sender.base_url, &[&sender.external_id]);
    let number: Number = account::get(http, url, &[("fields", FIELDS)], &sender.access_token).await?;
    let mut found = number.found();
    let url = address(&sender.base_url, &[&sender.account, "subscribed_apps"]);
    match account::get::<Apps>(http, url, &[], &sender.access_token).await {
        Ok(apps) if apps.data.is_empty() => found.push("webhook_unverified"),
        Ok(_) => (),
        // A token may send and not manage: then nobody knows, which is nothing against the number.
        Err(error) if error.action.closes_gate() => (),
        Err(error) => return Err(error),
    }
    Ok(found)
}

impl Number {
    fn found(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        let status = self.status.as_deref().unwrap_or_default();
        if self.quality_rating.as_deref() == Some("RED") || status == "FLAGGED" {
            found.push("quality_low");
        }
        match status {
            "RESTRICTED" | "BANNED" => found.push("number_restricted"),
            "RATE_LIMITED" => found.push("rate_limited"),
            "DISCONNECTED" | "OFFLINE" | "UNVERIFIED" | "PENDING" => found.push("number_not_registered"),
            _ => (),
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_provider_become_reasons() {
        for (quality, status, reasons) in [
            (Some("GREEN"), Some("CONNECTED"), &[][..]),
            (Some("YELLOW"), Some("CONNECTED"), &[]),
            (Some("RED"), Some("CONNECTED"), &["quality_low"]),
            (Some("GREEN"), Some("FLAGGED"), &["quality_low"]),
            (Some("RED"), Some("RESTRICTED"), &["quality_low", "number_restricted"]),
            (None, Some("RATE_LIMITED"), &["rate_limited"]),
            (None, Some("DISCONNECTED"), &["number_not_registered"]),
            (Some("NA"), Some("A WORD TO COME"), &[]),
            (None, None, &[]),
        ] {
            let number = Number { quality_rating: quality.map(Into::into), status: status.map(Into::into) };
            assert_eq!(number.found(), reasons, "{quality:?} {status:?}");
        }
    }
}
