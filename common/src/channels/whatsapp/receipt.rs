//! Tells the provider that a message was read, and with it everything before it.

use chrono::Utc;

use super::payloads::ReadBody;
use super::{address, errors, told};
use crate::channels::{Action, ChannelError, Sender};
use crate::http_client;

/// Marks a message of the contact as read. Doing it twice changes nothing.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn mark_read(
    http: &reqwest::Client,
    sender: &Sender,
    message_id: &str,
) -> Result<(), ChannelError> {
    let body = ReadBody { messaging_product: "whatsapp", status: "read", message_id };
    let url = address(&sender.base_url, &[&sender.external_id, "messages"]);
    let answered = http.post(url).bearer_auth(sender.access_token.expose()).json(&body).send().await;
    let unreachable = |error| {
        let title = "The provider cannot be reached";
        ChannelError::new(Action::Transient, "provider_unreachable", title).detail(told(error))
    };
    let response = answered.map_err(unreachable)?;
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_success() {
        return Ok(());
    }
    let body = http_client::read_limited(response).await.map_err(unreachable)?;
    Err(errors::classify(status, &headers, &body, Utc::now()))
}
