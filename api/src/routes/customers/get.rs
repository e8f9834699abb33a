//! `GET /v1/customers/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::customers;
use common::domain::ids::CustomerId;
use common::problem::Problem;

use super::CustomerView;
use crate::auth::{Allowed, rights::CustomerRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a customer
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "Customers",
    extensions(("x-required-scopes" = json!(["customer:read"]))),
    params(("id" = String, Path, description = "Id of the customer", example = "cus_01KASDN8E6Y1G3H7J0K4M5P9QR")),
    responses((status = 200, description = "The customer", body = CustomerView))
)]
pub async fn get_customer(
    caller: Allowed<CustomerRead>,
    State(state): State<AppState>,
    Path(id): Path<CustomerId>,
) -> Result<Json<CustomerView>, Problem> {
    let client = state.db().await?;
    let found = customers::find(&client, caller.organization, id).await?;
    found.map(|it| Json(it.into())).ok_or_else(|| Problem::not_found("customer"))
}
