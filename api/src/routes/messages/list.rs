//! `GET /v1/conversations/{chatId}/messages`.

use axum::Json;
use axum::extract::State;
use common::db::conversations;
use common::db::messages::{self, Range};
use common::domain::ids::{ConversationId, MessageId};
use common::domain::view::MessageView;
use common::media::Links;
use common::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Allowed, rights::ConversationRead};
use crate::extract::{Path, Query};
use crate::state::AppState;
use crate::{paging, problems};

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListMessages {
    /// From this message on, itself included.
    id_from: Option<String>,
    /// Up to this message, itself included. Without `idFrom`: the newest ones up to it.
    id_to: Option<String>,
    /// Messages on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
}

/// Messages of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// In the order of their ids, oldest first.
    messages: Vec<MessageView>,
    /// Whether there are more in the direction of reading: newer ones, or older ones if only `idTo` was given.
    has_more: bool,
}

/// List the messages of a conversation
///
/// Without parameters: from the oldest on. To go on, and to see what is new later, repeat with the highest id seen as
/// `idFrom`: that message comes again, and none that follows it is ever missed.
#[utoipa::path(
    get, path = "/v1/conversations/{chatId}/messages", tag = "Messages",
    extensions(("x-required-scopes" = json!(["conversation:read"]))),
    params(
        ("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C"),
        ListMessages,
    ),
    responses((status = 200, description = "The messages, oldest first", body = Messages))
)]
pub async fn list_messages(
    caller: Allowed<ConversationRead>,
    State(state): State<AppState>,
    Path(conversation): Path<ConversationId>,
    Query(query): Query<ListMessages>,
) -> Result<Json<Messages>, Problem> {
    let limit = usize::from(paging::size("limit", query.limit, 50, 100)?);
    let from = bound("idFrom", query.id_from.as_deref())?;
    let to = bound("idTo", query.id_to.as_deref())?;
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(problems::parameter("idFrom", "must not be above idTo"));
    }
    let range = Range { from, to, limit: limit as i64 + 1 };
    let client = state.db().await?;
    let (exists, found) = tokio::join!(
        conversations::exists(&client, caller.organization, &caller.sees, conversation),
        messages::list(&client, caller.organization, conversation, range),
    );
    if !exists? {
        return Err(Problem::not_found("conversation"));
    }
    let mut messages = found?;
    let has_more = messages.len() > limit;
    if has_more && from.is_none() && to.is_some() {
        messages.remove(0);
    }
    messages.truncate(limit);
    for message in &mut messages {
        state.links.link(caller.organization, &mut message.content, Links::SHOWN);
    }
    Ok(Json(Messages { messages, has_more }))
}

fn bound(name: &str, text: Option<&str>) -> Result<Option<MessageId>, Problem> {
    let read =
        |text: &str| text.parse().map_err(|_| problems::parameter(name, "must be the id of a message"));
    text.map(read).transpose()
}
