//! What is asked of the provider beside messages: whether a service account may use an agent, and what a phone can show.

use uuid::Uuid;

use super::payloads::PhoneFeatures;
use super::{PROTOCOL, of_phone, send};
use crate::channels::{ChannelError, Sender, calls};

/// A number that nobody has: to ask about it proves access, whatever the answer says of the number.
const NOBODY: &str = "12025550123";

/// What a contact's phone can show, in the provider's words; none if RCS does not reach it.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn features(
    http: &reqwest::Client,
    sender: &Sender,
    contact: &str,
) -> Result<Option<Vec<String>>, ChannelError> {
    let mut url = of_phone(sender, contact, "capabilities");
    url.query_pairs_mut().append_pair("requestId", &Uuid::new_v4().to_string());
    let token = sender.tokens.get(http, &sender.access_token).await?;
    let request = http.get(url).bearer_auth(token.expose());
    match calls::ask::<PhoneFeatures>(request, &PROTOCOL).await {
        Ok(told) => Ok(Some(told.features)),
        Err(error) if error.code == super::errors::NOT_REACHED => Ok(None),
        Err(error) => {
            send::forget_refused(sender, &error).await;
            Err(error)
        }
    }
}

/// Whether the provider lets the sender's service account use the sender's agent.
///
/// # Errors
/// The provider's refusal, or that it cannot be reached.
pub async fn probe(http: &reqwest::Client, sender: &Sender) -> Result<(), ChannelError> {
    features(http, sender, NOBODY).await.map(|_| ())
}
