//! `POST /v1/contacts/{id}/block` and `/unblock`.

use axum::extract::State;
use axum::response::Response;
use common::db::contacts::update::Change;
use common::domain::ids::ContactId;
use common::problem::Problem;

use super::change_standing;
use crate::auth::{Allowed, rights::ContactUpdate};
use crate::extract::{IdempotencyKey, Path, Trace};
use crate::state::AppState;

/// Block a contact
///
/// Nothing is sent to it: replies are refused with `contact_blocked`, and those that wait fail with that code. What it writes
/// is kept in its conversations, but raises nothing: no unread count, no place in lists, no event. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/v1/contacts/{id}/block", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:update"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    responses((status = 204, description = "Blocked"))
)]
pub async fn block_contact(
    caller: Allowed<ContactUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<ContactId>,
) -> Result<Response, Problem> {
    let asked = ("POST /v1/contacts/{id}/block", key, b"".as_slice());
    change_standing(&state, (&caller, trace), asked, id, Change::Block).await
}

/// Unblock a contact
///
/// What it wrote meanwhile stays as it is; from now on its messages count again. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/v1/contacts/{id}/unblock", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:update"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    responses((status = 204, description = "Not blocked"))
)]
pub async fn unblock_contact(
    caller: Allowed<ContactUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<ContactId>,
) -> Result<Response, Problem> {
    let asked = ("POST /v1/contacts/{id}/unblock", key, b"".as_slice());
    change_standing(&state, (&caller, trace), asked, id, Change::Unblock).await
}
