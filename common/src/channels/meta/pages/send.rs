//! Sends one message, and says what became of it.

use serde::Deserialize;
use url::Url;

use super::bodies::{self, Body};
use super::{Dialect, SendsAs, errors};
use crate::channels::calls::{self, address};
use crate::channels::{Action, ChannelError, Outgoing, SendOutcome, Sender};

/// Answer to a message that was taken.
#[derive(Deserialize)]
struct Sent {
    message_id: String,
}

/// Answer to something that is no message.
#[derive(Deserialize)]
struct Done {
    recipient_id: String,
}

/// Sends one message.
pub(in crate::channels) async fn send(
    dialect: &Dialect,
    http: &reqwest::Client,
    sender: &Sender,
    message: &Outgoing<'_>,
) -> SendOutcome {
    let Some(body) = bodies::body(dialect, message) else {
        let title = format!("This content cannot be sent on {}", dialect.name);
        return SendOutcome::Refused(ChannelError::new(Action::Content, "unsupported_content", title));
    };
    let request = http.post(place(dialect, sender)).bearer_auth(sender.access_token.expose());
    match body {
        Body::Message(body) => calls::post(request.json(&body), &errors::protocol(accepted)).await,
        // A reaction gets no id from the provider: ours makes it one of its own.
        Body::Action(body) => match calls::post(request.json(&body), &errors::protocol(done)).await {
            SendOutcome::Accepted { .. } => {
                SendOutcome::Accepted { provider_id: format!("reaction#{}", message.correlation) }
            }
            outcome => outcome,
        },
    }
}

/// Where messages of a sender go.
pub(super) fn place(dialect: &Dialect, sender: &Sender) -> Url {
    address(&sender.base_url, &[node(dialect, sender), "messages"])
}

/// What calls for a sender are made on.
pub(super) fn node<'a>(dialect: &Dialect, sender: &'a Sender) -> &'a str {
    match dialect.sends_as {
        SendsAs::Resource => sender.external_id.as_str(),
        SendsAs::Me => "me",
    }
}

fn accepted(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Sent>(body).ok().map(|sent| sent.message_id)
}

fn done(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Done>(body).ok().map(|done| done.recipient_id)
}
