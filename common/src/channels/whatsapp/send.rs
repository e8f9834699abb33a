//! Sends one message, and says what became of it.

use super::payloads::SendAnswer;
use super::{PROTOCOL, address, bodies};
use crate::channels::{Action, ChannelError, Outgoing, SendOutcome, Sender, calls};

/// Sends one message.
pub async fn send(http: &reqwest::Client, sender: &Sender, message: &Outgoing<'_>) -> SendOutcome {
    let Some(body) = bodies::body(message) else {
        let title = "This content cannot be sent on WhatsApp";
        return SendOutcome::Refused(ChannelError::new(Action::Content, "unsupported_content", title));
    };
    let url = address(&sender.base_url, &[&sender.external_id, "messages"]);
    let request = http.post(url).bearer_auth(sender.access_token.expose()).json(&body);
    calls::post(request, &PROTOCOL).await
}

/// The provider's id of a message that it took.
pub(super) fn accepted(body: &[u8]) -> Option<String> {
    let answer = serde_json::from_slice::<SendAnswer>(body).ok()?;
    Some(answer.messages.into_iter().next()?.id)
}
