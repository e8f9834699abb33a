//! Tells the provider that a contact's messages were read: all of them so far.

use chrono::Utc;

use super::Dialect;
use super::errors;
use super::payloads::{Action, ActionBody, Recipient};
use super::send::place;
use crate::channels::calls::not_asked;
use crate::channels::{ChannelError, Sender};
use crate::http_client;

/// Marks a contact's messages as read. Doing it twice changes nothing.
pub(in crate::channels) async fn mark_read(
    dialect: &Dialect,
    http: &reqwest::Client,
    sender: &Sender,
    contact: &str,
) -> Result<(), ChannelError> {
    let body =
        ActionBody { recipient: Recipient { id: contact }, sender_action: Action::MarkSeen, payload: None };
    let request = http.post(place(dialect, sender)).bearer_auth(sender.access_token.expose()).json(&body);
    let response = request.send().await.map_err(not_asked)?;
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_success() {
        return Ok(());
    }
    let body = http_client::read_limited(response).await.map_err(not_asked)?;
    Err(errors::classify(status, &headers, &body, Utc::now()))
}
