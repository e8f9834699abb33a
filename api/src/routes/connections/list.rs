//! `GET /v1/connections`.

use axum::extract::State;
use axum::response::Response;
use common::db::connections;
use common::domain::ids::ConnectionId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ConnectionView;
use crate::auth::{Allowed, rights::ConnectionList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListConnections {
    /// Connections on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of connections.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connections {
    /// Oldest first.
    connections: Vec<ConnectionView>,
    /// The token of the next page, if there is one.
    next_page_token: Option<String>,
}

/// List connections
#[utoipa::path(
    get, path = "/v1/connections", tag = "Connections",
    extensions(("x-required-scopes" = json!(["connection:list"]))),
    params(ListConnections),
    responses((status = 200, description = "The connections, oldest first", body = Connections))
)]
pub async fn list_connections(
    caller: Allowed<ConnectionList>,
    State(state): State<AppState>,
    Query(query): Query<ListConnections>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(ConnectionId);
    let client = state.db().await?;
    let mut found = connections::list(&client, caller.organization, after, size as i64 + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = found.last().filter(|_| more).map(|last| paging::id_token(last.id.0));
    let connections = found.into_iter().map(ConnectionView::from).collect();
    let page = Connections { connections, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
