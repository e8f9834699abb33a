//! `GET /v1/phone-numbers/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::phone_numbers;
use common::domain::ids::PhoneNumberId;
use common::problem::Problem;

use super::PhoneNumberView;
use crate::auth::{Allowed, rights::PhoneNumberRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a phone number
#[utoipa::path(
    get, path = "/v1/phone-numbers/{id}", tag = "Phone numbers",
    extensions(("x-required-scopes" = json!(["inbox:read"]))),
    params(("id" = String, Path, description = "Id of the phone number", example = "019aa4d4-b236-7c8a-a307-1f2e2b4d9b34")),
    responses((status = 200, description = "The phone number", body = PhoneNumberView))
)]
pub async fn get_phone_number(
    caller: Allowed<PhoneNumberRead>,
    State(state): State<AppState>,
    Path(id): Path<PhoneNumberId>,
) -> Result<Json<PhoneNumberView>, Problem> {
    let client = state.db().await?;
    let found = phone_numbers::find(&client, caller.organization, id).await?;
    found.map(|number| Json(number.into())).ok_or_else(|| Problem::not_found("phone number"))
}
