//! Tells the contact's phone that a message was read.

use chrono::Utc;
use serde_json::json;

use super::{errors, of_phone, send};
use crate::channels::calls::not_asked;
use crate::channels::{ChannelError, ReadMark, Sender};
use crate::http_client;

/// Marks a message of the contact as read, under our own id of it: the provider takes each id once.
///
/// # Errors
/// The provider's refusal, or why it could not be asked.
pub async fn mark_read(
    http: &reqwest::Client,
    sender: &Sender,
    mark: &ReadMark<'_>,
) -> Result<(), ChannelError> {
    let mut url = of_phone(sender, mark.contact, "agentEvents");
    url.query_pairs_mut().append_pair("eventId", &mark.id.to_string());
    let body = json!({ "eventType": "READ", "messageId": mark.provider_message_id });
    let token = sender.tokens.get(http, &sender.access_token).await?;
    let answered = http.post(url).bearer_auth(token.expose()).json(&body).send().await;
    let response = answered.map_err(not_asked)?;
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_success() || status == http::StatusCode::CONFLICT {
        return Ok(());
    }
    let body = http_client::read_limited(response).await.map_err(not_asked)?;
    let error = errors::classify(status, &headers, &body, Utc::now());
    send::forget_refused(sender, &error).await;
    Err(error)
}
