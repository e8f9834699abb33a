//! `POST /v1/customers`.

use axum::extract::State;
use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::customers;
use common::db::idempotency::Answer;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{CustomerView, check, refused};
use crate::auth::{Allowed, rights::CustomerCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// A customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Acme", "externalId": "acme-42" }))]
pub struct CreateCustomer {
    /// Its name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Your own id of it, 1 to 255 characters; no other customer of the organization has it.
    #[schema(min_length = 1, max_length = 255)]
    external_id: Option<String>,
}

/// Create a customer
#[utoipa::path(
    post, path = "/v1/customers", tag = "Customers",
    extensions(("x-required-scopes" = json!(["customer:create"]))),
    request_body = CreateCustomer,
    responses((status = 201, description = "Created", body = CustomerView, headers(("Location" = String))))
)]
pub async fn create_customer(
    caller: Allowed<CustomerCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateCustomer>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/customers", key, &body);
    once.answer(&state.pool, create(&state, &caller, &once, &input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: &CreateCustomer,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let external_id = input.external_id.as_deref();
    check(Some(&input.name), external_id)?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let inserted = customers::insert(&tx, caller.organization, &input.name, external_id).await;
    let customer = inserted.map_err(refused)?;
    audit::insert(&tx, &Entry::by(caller, "customer.create", customer.id, trace)).await?;
    let location = format!("/v1/customers/{}", customer.id);
    let answer = once.fill(&tx, StatusCode::CREATED, &CustomerView::from(customer), Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}
