//! `POST /v1/conversations/reply`: checks the body and hands it to the acceptor.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use common::domain::content::{self, Content};
use common::domain::ids::MessageId;
use common::domain::view::MessageView;
use common::problem::Problem;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::accept::{Answer, Reply, uploads};
use crate::auth::{Allowed, rights::MessageCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::REPLAYED;
use crate::state::AppState;
use crate::text::Checks;

/// Longest `expiresAt`.
const EXPIRES_AT_MOST: TimeDelta = TimeDelta::days(30);

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
    /// What to do when the reply window is closed: `fail`.
    #[schema(example = "fail")]
    on_closed_window: Option<String>,
    /// When the message is given up if it could not be sent; 24 hours after acceptance by default, at most 30 days.
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
    caller: Allowed<MessageCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    IdempotencyKey(key): IdempotencyKey,
    Json(input, body): Json<ReplyToConversation>,
) -> Result<Response, Problem> {
    let mut content = content(&input)?;
    check(&input)?;
    let reply_to = input.reply_to.as_deref().map(quoted).transpose()?;
    let expires_at = input.expires_at.as_deref().map(expiry).transpose()?;
    uploads::attach(&state.pool, caller.organization, &mut content).await?;
    let reply = Reply {
        principal: caller.clone(),
        conversation: input.conversation_id.parse().map_err(|_| Problem::not_found("conversation"))?,
        content,
        reply_to,
        expires_at,
        client_reference: input.client_reference,
        idempotency: key.map(|key| (key, Sha256::digest(&body).into())),
        trace,
    };
    Ok(respond(state.acceptor.reply(reply).await?))
}

fn content(input: &ReplyToConversation) -> Result<Content, Problem> {
    if input.content.is_null() {
        return Err(Problem::required("content"));
    }
    content::parse_outgoing(&input.content, "content")
}

fn check(input: &ReplyToConversation) -> Result<(), Problem> {
    if input.on_closed_window.as_deref().is_some_and(|word| word != "fail") {
        let detail = "onClosedWindow has a value that is not supported";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unsupported_value", detail);
        return Err(problem.field("onClosedWindow", "unsupported_value", "must be fail"));
    }
    let mut checks = Checks::default();
    if let Some(reference) = &input.client_reference {
        checks.line("clientReference", reference, 255);
    }
    checks.finish()
}

fn quoted(text: &str) -> Result<MessageId, Problem> {
    text.parse().map_err(|_| Problem::invalid("replyTo", "invalid_id", "must be the id of a message"))
}

fn expiry(text: &str) -> Result<DateTime<Utc>, Problem> {
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let time = time.map_err(|_| Problem::invalid("expiresAt", "invalid", "must be an RFC 3339 time"))?;
    let now = Utc::now();
    if time <= now {
        return Err(Problem::invalid("expiresAt", "in_the_past", "must be in the future"));
    }
    if time > now + EXPIRES_AT_MOST {
        return Err(Problem::invalid("expiresAt", "too_late", "must be within 30 days"));
    }
    Ok(time)
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::ACCEPTED);
    let headers = response.headers_mut();
    let kind = if answer.status < 400 { "application/json" } else { "application/problem+json" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(location) = answer.location.and_then(|location| HeaderValue::try_from(location).ok()) {
        headers.insert(header::LOCATION, location);
    }
    if answer.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
