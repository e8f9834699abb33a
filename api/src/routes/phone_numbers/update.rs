//! `PATCH /v1/phone-numbers/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::phone_numbers::{self, CUSTOMER_KEY};
use common::domain::ids::{CustomerId, PhoneNumberId};
use common::problem::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::PhoneNumberView;
use crate::auth::{Allowed, rights::InboxUpdate};
use crate::extract::{self, Path, Trace, given};
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "customerId": "cus_01KASDN8E6Y1G3H7J0K4M5P9QR" }))]
pub struct UpdatePhoneNumber {
    /// The customer that it serves; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    customer_id: Option<Option<String>>,
}

/// Update a phone number
///
/// Says which customer it serves.
#[utoipa::path(
    patch, path = "/v1/phone-numbers/{id}", tag = "Phone numbers",
    extensions(("x-required-scopes" = json!(["inbox:update"]))),
    params(("id" = String, Path, description = "Id of the phone number", example = "019aa4d4-b236-7c8a-a307-1f2e2b4d9b34")),
    request_body = UpdatePhoneNumber,
    responses((status = 200, description = "The phone number as it is now", body = PhoneNumberView))
)]
pub async fn update_phone_number(
    caller: Allowed<InboxUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<PhoneNumberId>,
    extract::Json(input, _): extract::Json<UpdatePhoneNumber>,
) -> Result<Json<PhoneNumberView>, Problem> {
    let no_customer = || Problem::not_found("customer");
    let customer: Option<Option<CustomerId>> = match input.customer_id {
        None => None,
        Some(None) => Some(None),
        // What is no id at all names nobody.
        Some(Some(text)) => Some(Some(text.parse().map_err(|_| no_customer())?)),
    };
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let number = match customer {
        None => phone_numbers::find(&tx, caller.organization, id).await?,
        Some(customer) => {
            let set = phone_numbers::set_customer(&tx, caller.organization, id, customer).await;
            set.map_err(|error| match error.constraint() {
                Some(CUSTOMER_KEY) => no_customer(),
                _ => error.into(),
            })?
        }
    };
    let number = number.ok_or_else(|| Problem::not_found("phone number"))?;
    let detail = json!({ "customerId": number.customer });
    audit::insert(&tx, &Entry::by(&caller, "phone_number.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(number.into()))
}
