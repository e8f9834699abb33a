//! `PATCH /v1/conversations/{chatId}/read`.

use axum::extract::State;
use common::db::conversations::change::{self, By};
use common::domain::ids::ConversationId;
use common::problem::Problem;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem;
use crate::auth::{Allowed, rights::ConversationMarkRead};
use crate::extract::{OptionalJson, Path, Trace};
use crate::state::AppState;

/// What else is to be done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "sendReceipt": true }))]
pub struct ReadConversation {
    /// Whether the contact is to see on the channel that its messages were read. It happens after the answer, and again if the
    /// provider is away.
    #[serde(default)]
    send_receipt: bool,
}

/// Mark a conversation as read
///
/// Sets the unread counter to zero, for all messages that have come in by now. Needs no body; doing it again changes nothing.
#[utoipa::path(
    patch, path = "/v1/conversations/{chatId}/read", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:update"]))),
    params(("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")),
    request_body = Option<ReadConversation>,
    responses((status = 204, description = "Nobody has to read it any more"))
)]
pub async fn read_conversation(
    caller: Allowed<ConversationMarkRead>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ConversationId>,
    OptionalJson(input, _): OptionalJson<ReadConversation>,
) -> Result<StatusCode, Problem> {
    let by = By { principal: &caller, trace };
    change::mark_read(&state.pool, by, id, input.send_receipt).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
