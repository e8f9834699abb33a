//! `GET /v1/conversations/{chatId}`.

use axum::Json;
use axum::extract::State;
use common::db::conversations;
use common::domain::ids::ConversationId;
use common::domain::view::ConversationView;
use common::problem::Problem;

use crate::auth::{Allowed, rights::ConversationRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a conversation
#[utoipa::path(
    get, path = "/v1/conversations/{chatId}", tag = "Conversations",
    extensions(("x-required-scopes" = json!(["conversation:read"]))),
    params(("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C")),
    responses((status = 200, description = "The conversation", body = ConversationView))
)]
pub async fn get_conversation(
    caller: Allowed<ConversationRead>,
    State(state): State<AppState>,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    let client = state.db().await?;
    let found = conversations::find(&client, caller.organization, &caller.sees, id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("conversation"))
}
