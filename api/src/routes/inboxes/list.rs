//! `GET /v1/inboxes`.

use axum::extract::State;
use axum::response::Response;
use common::db::inboxes;
use common::domain::ids::InboxId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::InboxView;
use crate::auth::{Allowed, rights::InboxList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInboxes {
    /// Inboxes on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of inboxes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inboxes {
    /// Oldest first.
    inboxes: Vec<InboxView>,
    /// The token of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// List inboxes
///
/// The connected channels that can send and receive messages. A visitor sees those that are shared with it.
#[utoipa::path(
    get, path = "/v1/inboxes", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:list"]))),
    params(ListInboxes),
    responses((status = 200, description = "The inboxes, oldest first", body = Inboxes))
)]
pub async fn list_inboxes(
    caller: Allowed<InboxList>,
    State(state): State<AppState>,
    Query(query): Query<ListInboxes>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(InboxId);
    let client = state.db().await?;
    let mut found = inboxes::list(&client, caller.organization, &caller.sees, after, size as i64 + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = found.last().filter(|_| more).map(|last| paging::id_token(last.id.0));
    let page = Inboxes { inboxes: found.into_iter().map(InboxView::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
