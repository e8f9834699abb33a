//! `GET /v1/phone-numbers`.

use axum::extract::State;
use axum::response::Response;
use common::db::phone_numbers;
use common::domain::ids::{CustomerId, PhoneNumberId};
use common::problem::Problem;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::PhoneNumberView;
use crate::auth::{Allowed, rights::PhoneNumberList};
use crate::extract::Query;
use crate::state::AppState;
use crate::{paging, problems};

/// Which phone numbers, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPhoneNumbers {
    /// Only those that serve this customer.
    #[param(example = "cus_01KASDN8E6Y1G3H7J0K4M5P9QR")]
    customer_id: Option<String>,
    /// Phone numbers on a page, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 100)]
    page_size: Option<u16>,
    /// The `nextPageToken` of the page before.
    page_token: Option<String>,
}

/// A page of phone numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumbers {
    /// Oldest first.
    phone_numbers: Vec<PhoneNumberView>,
    /// The token of the next page; null on the last one.
    next_page_token: Option<String>,
}

/// List phone numbers
#[utoipa::path(
    get, path = "/v1/phone-numbers", tag = "Phone numbers",
    extensions(("x-required-scopes" = json!(["inbox:list"]))),
    params(ListPhoneNumbers),
    responses((status = 200, description = "The phone numbers", body = PhoneNumbers))
)]
pub async fn list_phone_numbers(
    caller: Allowed<PhoneNumberList>,
    State(state): State<AppState>,
    Query(query): Query<ListPhoneNumbers>,
    uri: Uri,
) -> Result<Response, Problem> {
    let size = usize::from(paging::size("pageSize", query.page_size, 100, 100)?);
    let after = paging::read_id_token(query.page_token.as_deref())?.map(PhoneNumberId);
    let customer: Option<CustomerId> = match query.customer_id.as_deref().map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(problems::parameter("customerId", "must be the id of a customer")),
    };
    let client = state.db().await?;
    let place = (after, size as i64 + 1);
    let mut found = phone_numbers::list(&client, caller.organization, customer, place).await?;
    let next_page_token = paging::cut(&mut found, size, |last| last.id.0);
    let phone_numbers = found.into_iter().map(PhoneNumberView::from).collect();
    let page = PhoneNumbers { phone_numbers, next_page_token };
    Ok(paging::answer(&page, &uri, page.next_page_token.as_deref()))
}
