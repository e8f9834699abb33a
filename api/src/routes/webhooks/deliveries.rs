//! `GET /v1/webhooks/{id}/deliveries`.

use axum::extract::State;
use axum::response::Response;
use common::db::webhook_log::{self, Which};
use common::db::webhooks;
use common::domain::ids::{WebhookDeliveryId, WebhookId};
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{DeliveryView, unknown};
use crate::auth::{Allowed, rights::WebhookRead};
use crate::extract::{Path, Query};
use crate::paging;
use crate::state::AppState;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryStatus {
    /// It is tried.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

/// Which deliveries, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeliveries {
    /// Only those that stand so.
    #[param(inline)]
    status: Option<DeliveryStatus>,
    /// Only those of these types; may be repeated.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    event_type: Vec<String>,
    /// Deliveries on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDeliveries {
    /// Newest first.
    deliveries: Vec<DeliveryView>,
    /// The token of the next page, if there is one.
    next_page_token: Option<String>,
}

/// List a webhook's deliveries
///
/// They are kept for 30 days.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:read"]))),
    params(
        ("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
        ListDeliveries,
    ),
    responses((status = 200, description = "The deliveries, newest first", body = WebhookDeliveries))
)]
pub async fn list_webhook_deliveries(
    caller: Allowed<WebhookRead>,
    State(state): State<AppState>,
    Path(id): Path<WebhookId>,
    Query(query): Query<ListDeliveries>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 50, 100)?);
    let before = paging::read_id_token(query.page_token.as_deref())?.map(WebhookDeliveryId);
    let which = match query.status {
        None => Which::All,
        Some(DeliveryStatus::Pending) => Which::Pending,
        Some(DeliveryStatus::Delivered) => Which::Delivered,
        Some(DeliveryStatus::Failed) => Which::Failed,
    };
    let client = state.db().await?;
    webhooks::find(&client, caller.organization, id).await?.ok_or_else(unknown)?;
    let of = (caller.organization, id);
    let filter = (which, query.event_type.as_slice());
    let mut found = webhook_log::list(&client, of, filter, before, size as i64 + 1).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = found.last().filter(|_| more).map(|last| paging::id_token(last.id.0));
    let deliveries = found.into_iter().map(DeliveryView::from).collect();
    let page = WebhookDeliveries { deliveries, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
