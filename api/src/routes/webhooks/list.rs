//! `GET /v1/webhooks`.

use axum::extract::State;
use axum::response::Response;
use common::db::webhooks;
use common::domain::ids::WebhookId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::WebhookView;
use crate::auth::{Allowed, rights::WebhookList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWebhooks {
    /// Webhooks on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhooks {
    /// Oldest first.
    webhooks: Vec<WebhookView>,
    /// The token of the next page, if there is one.
    next_page_token: Option<String>,
}

/// List webhooks
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:list"]))),
    params(ListWebhooks),
    responses((status = 200, description = "The webhooks, oldest first", body = Webhooks))
)]
pub async fn list_webhooks(
    caller: Allowed<WebhookList>,
    State(state): State<AppState>,
    Query(query): Query<ListWebhooks>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(WebhookId);
    let client = state.db().await?;
    let mut found = webhooks::list(&client, caller.organization, after, size as i64 + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = found.last().filter(|_| more).map(|last| paging::id_token(last.id.0));
    let page = Webhooks { webhooks: found.into_iter().map(WebhookView::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
