//! `POST /v1/conversations/reply`: checks the body and hands it to the acceptor.

use axum::extract::State;
use common::domain::content::Content;
use common::domain::view::MessageView;
use common::problem::Problem;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::accept::{Act, Answer, Submission, Target, templates, uploads};
use crate::auth::Claimed;
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::routes::messages::draft::Asked;
use crate::state::AppState;

/// A reply to a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "conversationId": "cnv_01KASDPK7RFXV9N0R0QV4T9M5C", "content": { "type": "text", "text": "Hello" },
}))]
pub struct ReplyToConversation {
    /// The conversation.
    conversation_id: String,
    /// What to send.
    #[schema(value_type = Content)]
    content: Value,
    /// The message to quote.
    reply_to: Option<String>,
    /// What to do when the reply window is closed: `fail` (the default), `template` (send `fallbackTemplate` instead) or
    /// `hold` (send when the contact next writes, within 30 days).
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

/// Reply to a conversation
///
/// Answers 202 once the reply is stored, in its place in the conversation. It is delivered on the conversation's own channel;
/// `GET /v1/messages/{id}` tells how it fares.
#[utoipa::path(
    post, path = "/v1/conversations/reply", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["message:create"]))),
    request_body = ReplyToConversation,
    responses(
        (status = 202, description = "Accepted", body = MessageView, headers(("Location" = String))),
        (status = 404, description = "There is no such conversation in your organization",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn reply_to_conversation(
    Claimed(asker): Claimed,
    State(state): State<AppState>,
    Trace(trace): Trace,
    IdempotencyKey(key): IdempotencyKey,
    Json(input, body): Json<ReplyToConversation>,
) -> Result<Answer, Problem> {
    let asked = Asked {
        content: &input.content,
        reply_to: input.reply_to.as_deref(),
        on_closed_window: input.on_closed_window.as_deref(),
        fallback_template: input.fallback_template.as_ref(),
        scheduled_at: input.scheduled_at.as_deref(),
        expires_at: input.expires_at.as_deref(),
        client_reference: input.client_reference.as_deref(),
    };
    let mut draft = asked.draft()?;
    let conversation = input.conversation_id.parse().map_err(|_| Problem::not_found("conversation"))?;
    uploads::attach(&state, &asker, &mut draft.content).await?;
    let target = Target::Conversation(conversation);
    let target = templates::compare(&state, &asker, target, &draft).await?;
    let submission = Submission {
        asker,
        route: "POST /v1/conversations/reply",
        target,
        act: Act::Send(Box::new(draft)),
        idempotency: key.map(|key| (key, Sha256::digest(&body).into())),
        trace,
    };
    state.acceptor.submit(submission).await
}
