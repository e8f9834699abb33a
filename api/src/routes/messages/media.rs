//! `GET /v1/conversations/{chatId}/media`.

use axum::extract::State;
use axum::response::Response;
use common::db::{conversations, messages};
use common::domain::ids::{ConversationId, MessageId};
use common::domain::view::MessageView;
use common::media::Links;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Allowed, rights::ConversationMediaList};
use crate::extract::{Path, Query};
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListConversationMedia {
    /// Messages on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of a conversation's files.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationMedia {
    /// Messages with a picture, film, recording, file or sticker, newest first.
    messages: Vec<MessageView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List the files of a conversation
///
/// Its messages with an image, video, audio, document or sticker, in either direction, newest first.
#[utoipa::path(
    get, path = "/v1/conversations/{chatId}/media", tag = "Messages",
    extensions(("x-required-scopes" = json!(["conversation:read"]))),
    params(
        ("chatId" = String, Path, description = "Id of the conversation", example = "cnv_01KASDPK7RFXV9N0R0QV4T9M5C"),
        ListConversationMedia,
    ),
    responses((status = 200, description = "The messages, newest first", body = ConversationMedia))
)]
pub async fn list_conversation_media(
    caller: Allowed<ConversationMediaList>,
    State(state): State<AppState>,
    Path(conversation): Path<ConversationId>,
    Query(query): Query<ListConversationMedia>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 50, 100)?);
    let before = paging::read_id_token(query.page_token.as_deref())?.map(MessageId);
    let client = state.db().await?;
    let (exists, found) = tokio::join!(
        conversations::exists(&client, caller.organization, &caller.sees, conversation),
        messages::list_media(&client, caller.organization, conversation, before, size as i64 + 1),
    );
    if !exists? {
        return Err(Problem::not_found("conversation"));
    }
    let mut messages = found?;
    let more = messages.len() > size;
    messages.truncate(size);
    for message in &mut messages {
        state.links.link(caller.organization, &mut message.content, Links::SHOWN);
    }
    let next_page_token = messages.last().filter(|_| more).map(|last| paging::id_token(last.id.0));
    let page = ConversationMedia { messages, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
