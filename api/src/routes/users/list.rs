//! `GET /v1/users`.

use axum::extract::State;
use axum::response::Response;
use common::db::users;
use common::domain::ids::UserId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::UserView;
use crate::auth::{Allowed, rights::UserList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListUsers {
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// The users, disabled ones included
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Users {
    /// Oldest first.
    users: Vec<UserView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List users
#[utoipa::path(
    get, path = "/v1/users", tag = "Users",
    extensions(("x-required-scopes" = json!(["user:list"]))),
    params(ListUsers),
    responses((status = 200, description = "The users, disabled ones included", body = Users))
)]
pub async fn list_users(
    caller: Allowed<UserList>,
    State(state): State<AppState>,
    Query(query): Query<ListUsers>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(UserId);
    let client = state.db().await?;
    let mut found = users::list_page(&client, caller.organization, after, size as i64 + 1).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let page = Users { users: found.into_iter().map(UserView::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
