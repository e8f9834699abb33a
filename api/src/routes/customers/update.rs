//! `PATCH /v1/customers/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::customers::{self, CustomerChange};
use common::domain::ids::CustomerId;
use common::problem::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{CustomerView, check, refused};
use crate::auth::{Allowed, rights::CustomerUpdate};
use crate::extract::{self, Path, Trace, given};
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Acme Ltd", "externalId": null }))]
pub struct UpdateCustomer {
    /// Another name, 1 to 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Your own id of it, 1 to 255 characters; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    external_id: Option<Option<String>>,
}

/// Update a customer
#[utoipa::path(
    patch, path = "/v1/customers/{id}", tag = "Customers",
    extensions(("x-required-scopes" = json!(["customer:update"]))),
    params(("id" = String, Path, description = "Id of the customer", example = "cus_01KASDN8E6Y1G3H7J0K4M5P9QR")),
    request_body = UpdateCustomer,
    responses((status = 200, description = "The customer as it is now", body = CustomerView))
)]
pub async fn update_customer(
    caller: Allowed<CustomerUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<CustomerId>,
    extract::Json(input, _): extract::Json<UpdateCustomer>,
) -> Result<Json<CustomerView>, Problem> {
    let external_id = input.external_id.as_ref().map(Option::as_deref);
    check(input.name.as_deref(), external_id.flatten())?;
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let change = CustomerChange { name: input.name.as_deref(), external_id };
    let changed = customers::update(&tx, caller.organization, id, change).await.map_err(refused)?;
    let customer = changed.ok_or_else(|| Problem::not_found("customer"))?;
    let detail = json!({ "name": input.name.is_some(), "externalId": input.external_id.is_some() });
    audit::insert(&tx, &Entry::by(&caller, "customer.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(customer.into()))
}
