//! Sends one message, and says what became of it.

use super::payloads::SentMessage;
use super::{PROTOCOL, bodies, of_phone};
use crate::channels::{Action, ChannelError, Outgoing, SendOutcome, Sender, calls};

/// The provider's word for an id that it has seen.
const SEEN: &str = "ALREADY_EXISTS";

/// Sends one message under the id of its attempt: the provider takes each id once, whoever repeats it.
pub async fn send(http: &reqwest::Client, sender: &Sender, message: &Outgoing<'_>) -> SendOutcome {
    let Some(body) = bodies::body(message) else {
        let title = "This content cannot be sent by RCS";
        return SendOutcome::Refused(ChannelError::new(Action::Content, "unsupported_content", title));
    };
    let id = message.correlation.to_string();
    let mut url = of_phone(sender, message.to, "agentMessages");
    url.query_pairs_mut().append_pair("messageId", &id);
    let token = match sender.tokens.get(http, &sender.access_token).await {
        Ok(token) => token,
        Err(error) => return SendOutcome::Refused(error),
    };
    let request = http.post(url).bearer_auth(token.expose()).json(&body);
    match calls::post(request, &PROTOCOL).await {
        SendOutcome::Refused(error) if error.provider_code.as_deref() == Some(SEEN) => {
            SendOutcome::Accepted { provider_id: id }
        }
        SendOutcome::Refused(error) => {
            forget_refused(sender, &error).await;
            SendOutcome::Refused(error)
        }
        outcome => outcome,
    }
}

/// A token that is not taken is used no more, so that the next call brings another.
pub(super) async fn forget_refused(sender: &Sender, error: &ChannelError) {
    if error.action == Action::Auth {
        sender.tokens.forget(&sender.access_token).await;
    }
}

/// The provider's id of a message that it took: the end of its name.
pub(super) fn accepted(body: &[u8]) -> Option<String> {
    let name = serde_json::from_slice::<SentMessage>(body).ok()?.name;
    name.rsplit_once("/agentMessages/").map(|(_, id)| id.to_owned())
}
