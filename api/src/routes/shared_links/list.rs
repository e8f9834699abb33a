//! `GET /v1/shared-inbox-links`.

use axum::extract::State;
use axum::response::Response;
use common::db::shared_links::{self, LinkStatus};
use common::domain::ids::SharedInboxLinkId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::SharedLinkView;
use crate::auth::{Allowed, rights::LinkList};
use crate::extract::Query;
use crate::state::AppState;
use crate::{paging, problems};

/// Which links.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSharedLinks {
    /// Only those of this number.
    phone_number_id: Option<String>,
    /// Only those that are `active`, `expired` or `revoked`.
    #[param(example = "active")]
    status: Option<String>,
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of links.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedLinks {
    /// The latest first, expired and revoked ones included.
    data: Vec<SharedLinkView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List shared inbox links
#[utoipa::path(
    get, path = "/v1/shared-inbox-links", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:list"]))),
    params(ListSharedLinks),
    responses((status = 200, description = "The links", body = SharedLinks))
)]
pub async fn list_shared_links(
    caller: Allowed<LinkList>,
    State(state): State<AppState>,
    Query(query): Query<ListSharedLinks>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let before = paging::read_id_token(query.page_token.as_deref())?.map(SharedInboxLinkId);
    let number = query.phone_number_id.as_deref().map(str::parse).transpose();
    let number =
        number.map_err(|_| problems::parameter("phoneNumberId", "must be the id of a phone number"))?;
    let status = match query.status.as_deref() {
        None => None,
        Some("active") => Some(LinkStatus::Active),
        Some("expired") => Some(LinkStatus::Expired),
        Some("revoked") => Some(LinkStatus::Revoked),
        Some(_) => return Err(problems::parameter("status", "must be active, expired or revoked")),
    };
    let client = state.db().await?;
    let page = (before, size as i64 + 1);
    let mut found = shared_links::list(&client, caller.organization, (number, status), page).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let data = found.into_iter().map(|link| SharedLinkView::of(&state, link)).collect();
    let page = SharedLinks { data, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
