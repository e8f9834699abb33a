//! `PATCH /v1/conversations/{chatId}/unarchive`.

use axum::extract::State;
use common::db::conversations::change::By;
use common::domain::ids::ConversationId;
use common::domain::view::ConversationState;
use common::problem::Problem;
use http::StatusCode;

use super::set_state;
use crate::auth::{Allowed, rights::ConversationUpdate};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Bring an archived conversation back
///
/// Puts it into the default list again. Doing it again changes nothing.
#[utoipa::path(
    patch, path = "/v1/conversations/{chatId}/unarchive", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:update"]))),
    params(("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")),
    responses((status = 204, description = "It is open"))
)]
pub async fn unarchive_conversation(
    caller: Allowed<ConversationUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    set_state(&state, By { principal: &caller, trace }, id, ConversationState::Open).await
}
