//! `DELETE /v1/customers/{id}`.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::customers;
use common::domain::ids::CustomerId;
use common::problem::Problem;
use http::StatusCode;

use crate::auth::{Allowed, rights::CustomerDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Delete a customer
///
/// Refused while a phone number serves it.
#[utoipa::path(
    delete, path = "/v1/customers/{id}", tag = "Customers",
    extensions(("x-required-scopes" = json!(["customer:delete"]))),
    params(("id" = String, Path, description = "Id of the customer", example = "cus_01KASDN8E6Y1G3H7J0K4M5P9QR")),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "A phone number serves it (`in_use`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn delete_customer(
    caller: Allowed<CustomerDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<CustomerId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let deleted = customers::delete(&tx, caller.organization, id).await.map_err(|error| {
        if error.constraint().is_none() {
            return error.into();
        }
        let detail = "Something of yours still belongs to this customer; give its phone numbers to another";
        Problem::new(StatusCode::CONFLICT, "in_use", detail)
    })?;
    if !deleted {
        return Err(Problem::not_found("customer"));
    }
    audit::insert(&tx, &Entry::by(&caller, "customer.delete", id, trace)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
