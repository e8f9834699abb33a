//! `POST /v1/contacts/{id}/opt-out` and `/opt-in`.

use axum::extract::State;
use axum::response::Response;
use common::db::contacts::update::Change;
use common::domain::contact::OptOut;
use common::domain::ids::ContactId;
use common::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::change_standing;
use crate::auth::{Allowed, rights::ContactUpdate};
use crate::extract::{IdempotencyKey, Json, Path, Trace};
use crate::state::AppState;

/// Which messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"category": "marketing"}))]
pub struct MessageCategory {
    /// `all`, or `marketing` alone.
    category: OptOut,
}

/// Note that a contact does not want messages
///
/// After `all`, replies are refused with `contact_opted_out`, and those that wait fail with that code. `marketing` is noted and
/// shown; channels that know what is marketing refuse such messages themselves, and what they say of it is noted here too.
/// Repeating it changes nothing.
#[utoipa::path(
    post, path = "/v1/contacts/{id}/opt-out", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:update"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    request_body = MessageCategory,
    responses((status = 204, description = "Noted"))
)]
pub async fn opt_out_contact(
    caller: Allowed<ContactUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<ContactId>,
    Json(input, body): Json<MessageCategory>,
) -> Result<Response, Problem> {
    let asked = ("POST /v1/contacts/{id}/opt-out", key, body.as_ref());
    change_standing(&state, (&caller, trace), asked, id, Change::OptOut(input.category)).await
}

/// Note that a contact wants messages again
///
/// `all` takes every opt-out back, `marketing` only that one. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/v1/contacts/{id}/opt-in", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:update"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    request_body = MessageCategory,
    responses((status = 204, description = "Noted"))
)]
pub async fn opt_in_contact(
    caller: Allowed<ContactUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<ContactId>,
    Json(input, body): Json<MessageCategory>,
) -> Result<Response, Problem> {
    let asked = ("POST /v1/contacts/{id}/opt-in", key, body.as_ref());
    change_standing(&state, (&caller, trace), asked, id, Change::OptIn(input.category)).await
}
