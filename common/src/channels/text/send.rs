//! Sends one message, and says what became of it.

use http::header::CONTENT_TYPE;

use super::payloads::SentMessage;
use super::{PROTOCOL, VERSION, address, authorized, bodies, segments};
use crate::channels::{Action, ChannelError, Outgoing, SendOutcome, Sender, calls};
use crate::domain::content::Content;
use crate::metrics;

/// Sends one message.
pub async fn send(http: &reqwest::Client, sender: &Sender, message: &Outgoing<'_>) -> SendOutcome {
    let Some(form) = bodies::form(sender, message) else {
        let title = "This content cannot be sent as a text";
        return SendOutcome::Refused(ChannelError::new(Action::Content, "unsupported_content", title));
    };
    let url = address(&sender.base_url, &[VERSION, "Accounts", &sender.account, "Messages.json"]);
    let request = http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let outcome = calls::post(authorized(request, sender), &PROTOCOL).await;
    if let (SendOutcome::Accepted { .. }, Content::Text(text)) = (&outcome, message.content) {
        count(&text.text);
    }
    outcome
}

/// A text is paid for, and passes the provider, by its segments.
fn count(text: &str) {
    let segments = segments::count(text);
    let labels = [segments.encoding.as_str()];
    metrics::get().text_segments.with_label_values(&labels).inc_by(segments.number as u64);
}

/// The provider's id of a message that it took.
pub(super) fn accepted(body: &[u8]) -> Option<String> {
    Some(serde_json::from_slice::<SentMessage>(body).ok()?.sid)
}
