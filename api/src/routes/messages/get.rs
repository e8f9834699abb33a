//! `GET /v1/messages/{id}`: a message with its timeline.

use axum::Json;
use axum::extract::State;
use common::db::messages;
use common::domain::ids::MessageId;
use common::domain::view::MessageView;
use common::media::Links;
use common::problem::Problem;

use crate::auth::{Allowed, rights::MessageRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a message with its timeline
///
/// The timeline tells each thing that happened to the message: when, in which attempt, and in words.
#[utoipa::path(
    get, path = "/v1/messages/{id}", tag = "Messages",
    extensions(("x-required-scopes" = json!(["message:read"]))),
    params(("id" = String, Path, description = "Id of the message", example = "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B")),
    responses((status = 200, description = "The message", body = MessageView))
)]
pub async fn get_message(
    caller: Allowed<MessageRead>,
    State(state): State<AppState>,
    Path(id): Path<MessageId>,
) -> Result<Json<MessageView>, Problem> {
    let client = state.db().await?;
    let found = messages::find(&client, caller.organization, &caller.sees, id).await?;
    let mut message = found.ok_or_else(|| Problem::not_found("message"))?;
    state.links.link(caller.organization, &mut message.content, Links::SHOWN);
    Ok(Json(message))
}
