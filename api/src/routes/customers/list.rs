//! `GET /v1/customers`.

use axum::extract::State;
use axum::response::Response;
use common::db::customers;
use common::domain::ids::CustomerId;
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::CustomerView;
use crate::auth::{Allowed, rights::CustomerList};
use crate::extract::Query;
use crate::paging;
use crate::state::AppState;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCustomers {
    /// How many on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// The customers
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customers {
    /// Oldest first.
    customers: Vec<CustomerView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List customers
#[utoipa::path(
    get, path = "/v1/customers", tag = "Customers",
    extensions(("x-required-scopes" = json!(["customer:list"]))),
    params(ListCustomers),
    responses((status = 200, description = "The customers", body = Customers))
)]
pub async fn list_customers(
    caller: Allowed<CustomerList>,
    State(state): State<AppState>,
    Query(query): Query<ListCustomers>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(CustomerId);
    let client = state.db().await?;
    let mut found = customers::list(&client, caller.organization, after, size as i64 + 1).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let page = Customers { customers: found.into_iter().map(CustomerView::from).collect(), next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
