//! `GET /v1/api-keys`.

use axum::extract::State;
use axum::response::Response;
use common::db::api_keys;
use common::domain::ids::ApiKeyId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiKeyView;
use crate::auth::{Allowed, rights::ApiKeyList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListApiKeys {
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// The keys, revoked ones included
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeys {
    /// Oldest first.
    api_keys: Vec<ApiKeyView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List API keys
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "API keys",
    extensions(("x-required-scopes" = json!(["api_key:list"]))),
    params(ListApiKeys),
    responses((status = 200, description = "The keys, revoked ones included", body = ApiKeys))
)]
pub async fn list_api_keys(
    caller: Allowed<ApiKeyList>,
    State(state): State<AppState>,
    Query(query): Query<ListApiKeys>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(ApiKeyId);
    let client = state.db().await?;
    let mut found = api_keys::list_page(&client, caller.organization, after, size as i64 + 1).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let page = ApiKeys { api_keys: found.into_iter().map(ApiKeyView::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
