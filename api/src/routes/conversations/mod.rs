//! Conversations: all messages with one contact on one inbox.

pub mod archive;
pub mod assign;
pub mod assignable_users;
pub mod get;
pub mod list;
pub mod read;
pub mod reply;
pub mod unarchive;
pub mod unassign;

use common::db::conversations::change::{self, By, Refused};
use common::domain::ids::ConversationId;
use common::domain::view::ConversationState;
use common::problem::Problem;
use http::StatusCode;

use crate::state::AppState;

/// Archives a conversation, or brings it back.
async fn set_state(
    state: &AppState,
    by: By<'_>,
    id: ConversationId,
    to: ConversationState,
) -> Result<StatusCode, Problem> {
    change::set_state(&state.pool, by, id, to).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a client is told whose change was refused.
fn problem(refused: Refused) -> Problem {
    match refused {
        Refused::NoConversation => Problem::not_found("conversation"),
        Refused::NoUser => Problem::not_found("user"),
        Refused::Database(error) => error.into(),
    }
}
