//! `POST /v1/messages`: sends to a contact from an inbox, in their conversation, which begins if there is none yet.

use std::sync::Arc;

use axum::extract::State;
use common::domain::content::Content;
use common::domain::ids::InboxId;
use common::domain::view::MessageView;
use common::problem::Problem;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::draft::Asked;
use super::recipient::Recipient;
use crate::accept::{Act, Answer, Asker, Draft, Submission, templates, uploads};
use crate::auth::{Allowed, rights::MessageStart};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::state::AppState;

/// A message to a contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "inboxId": "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M", "recipient": { "type": "channel", "externalId": "+15551234567" },
    "content": { "type": "text", "text": "Hello" }, "onClosedWindow": "hold",
}))]
pub struct StartConversation {
    /// The inbox to send from; may be left out when the recipient is a conversation.
    inbox_id: Option<String>,
    /// To whom.
    #[schema(value_type = MessageRecipient)]
    recipient: Value,
    /// What to send.
    #[schema(value_type = Content)]
    content: Value,
    /// The message to quote, of the same conversation.
    reply_to: Option<String>,
    /// What to do when the reply window is closed, which it is for a contact who has never written: `fail` (the default),
    /// `template` (send `fallbackTemplate` instead) or `hold` (send when the contact next writes, within 30 days).
    #[schema(example = "fail")]
    on_closed_window: Option<String>,
    /// The template that is sent instead when the window is closed; with `onClosedWindow` `template`.
    #[schema(value_type = Option<Content>)]
    fallback_template: Option<Value>,
    /// When to send: in the future, within 365 days. At once by default.
    #[schema(format = DateTime)]
    scheduled_at: Option<String>,
    /// When the message is given up if it could not be sent: at most 30 days after acceptance or `scheduledAt`; 24 hours after
    /// it got in line by default.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Your own reference, shown with the message: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    client_reference: Option<String>,
}

/// To whom a message is to go.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Recipient` reads by hand, so that each fault names its field")]
pub struct MessageRecipient {
    /// `channel`, `contact` or `conversation`.
    r#type: String,
    /// With `channel`: the contact's address on the inbox's channel. On WhatsApp a phone number with its country code, or a
    /// business-scoped user id.
    #[schema(example = "+15551234567")]
    external_id: Option<String>,
    /// With `contact`: the contact, who is written to at its address on that inbox, else at one it has on another inbox of the
    /// same channel.
    #[schema(example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")]
    contact_id: Option<String>,
    /// With `conversation`: the conversation.
    #[schema(example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")]
    conversation_id: Option<String>,
}

/// Send a message to a contact
///
/// Answers 202 once the message is stored, in its place in the conversation with that contact. The conversation, and the contact,
/// begin with it if they are not there yet. `GET /v1/messages/{id}` tells how it fares.
#[utoipa::path(
    post, path = "/v1/messages", tag = "Messages",
    extensions(("x-required-scopes" = json!(["message:create"]))),
    request_body = StartConversation,
    responses(
        (status = 202, description = "Accepted", body = MessageView, headers(("Location" = String))),
        (status = 404, description = "There is no such inbox, contact or conversation in your organization",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn start_conversation(
    caller: Allowed<MessageStart>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    IdempotencyKey(key): IdempotencyKey,
    Json(input, body): Json<StartConversation>,
) -> Result<Answer, Problem> {
    let (recipient, inbox, mut draft) = read(&input)?;
    let asker = Asker::Known(Arc::new(caller.clone()));
    uploads::attach(&state, &asker, &mut draft.content).await?;
    let target = recipient.target(&state.db().await?, caller.organization, inbox).await?;
    let target = templates::compare(&state, &asker, target, &draft).await?;
    let submission = Submission {
        asker,
        route: "POST /v1/messages",
        target,
        act: Act::Send(Box::new(draft)),
        idempotency: key.map(|key| (key, Sha256::digest(&body).into())),
        trace,
    };
    state.acceptor.submit(submission).await
}

fn read(input: &StartConversation) -> Result<(Recipient, Option<InboxId>, Draft), Problem> {
    let recipient = Recipient::read(&input.recipient)?;
    let inbox = match &input.inbox_id {
        Some(text) => Some(text.parse().map_err(|_| Problem::not_found("inbox"))?),
        None if matches!(recipient, Recipient::Conversation(_)) => None,
        None => return Err(Problem::required("inboxId")),
    };
    let asked = Asked {
        content: &input.content,
        reply_to: input.reply_to.as_deref(),
        on_closed_window: input.on_closed_window.as_deref(),
        fallback_template: input.fallback_template.as_ref(),
        scheduled_at: input.scheduled_at.as_deref(),
        expires_at: input.expires_at.as_deref(),
        client_reference: input.client_reference.as_deref(),
    };
    Ok((recipient, inbox, Draft { inbox, ..asked.draft()? }))
}
