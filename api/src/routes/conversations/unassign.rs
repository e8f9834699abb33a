//! `DELETE /v1/conversations/{chatId}/assignee`.

use axum::extract::State;
use common::db::conversations::change::{self, By};
use common::domain::ids::ConversationId;
use common::problem::Problem;
use http::StatusCode;

use super::problem;
use crate::auth::{Allowed, rights::ConversationAssign};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Remove the assignee of a conversation
///
/// Leaves the conversation to nobody, and as it is otherwise. Doing it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/conversations/{chatId}/assignee", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:assign"]))),
    params(("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")),
    responses((status = 204, description = "It is nobody's"))
)]
pub async fn unassign_conversation(
    caller: Allowed<ConversationAssign>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    let by = By { principal: &caller, trace };
    change::unassign(&state.pool, by, id).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
