//! `GET /v1/contacts/{id}/conversations`.

use axum::extract::State;
use axum::response::Response;
use common::db::conversations;
use common::domain::ids::ContactId;
use common::domain::view::ConversationView;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resolve;
use crate::auth::{Allowed, rights::ContactConversationList};
use crate::extract::{Path, Query};
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListContactConversations {
    /// Conversations on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 25)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of a contact's conversations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactConversations {
    /// The latest first, archived ones included.
    conversations: Vec<ConversationView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List a contact's conversations
#[utoipa::path(
    get, path = "/v1/contacts/{id}/conversations", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["conversation:list"]))),
    params(
        ("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE"),
        ListContactConversations,
    ),
    responses((status = 200, description = "The conversations, the latest first", body = ContactConversations))
)]
pub async fn list_contact_conversations(
    caller: Allowed<ContactConversationList>,
    State(state): State<AppState>,
    Path(id): Path<ContactId>,
    Query(query): Query<ListContactConversations>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 25, 100)?);
    let after = paging::read_position_token(query.page_token.as_deref(), true)?;
    let client = state.db().await?;
    let contact = resolve(&client, &caller, id).await?;
    let limit = size as i64 + 1;
    let mut found =
        conversations::list_of_contact(&client, (caller.organization, &caller.sees), contact, after, limit)
            .await?;
    if found.is_empty() && after.is_none() && caller.credential.guest().is_some() {
        // Whom a visitor has no conversation with is nobody it knows.
        return Err(Problem::not_found("contact"));
    }
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let next_page_token = last.map(|(_, position)| paging::position_token(*position, true));
    let conversations = found.into_iter().map(|(view, _)| view).collect();
    let page = ContactConversations { conversations, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
