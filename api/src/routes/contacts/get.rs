//! `GET /v1/contacts/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::contacts;
use common::domain::contact::ContactDetail;
use common::domain::ids::ContactId;
use common::problem::Problem;

use crate::auth::{Allowed, rights::ContactRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a contact
///
/// The id of a contact that was merged into another leads to that one, here and wherever a contact's id is taken.
#[utoipa::path(
    get, path = "/v1/contacts/{id}", tag = "Contacts",
    extensions(("x-required-scopes" = json!(["contact:read"]))),
    params(("id" = String, Path, description = "Id of the contact", example = "ctc_01KASDPK7Q8M0N7B3V2H6J1XWE")),
    responses((status = 200, description = "The contact", body = ContactDetail))
)]
pub async fn get_contact(
    caller: Allowed<ContactRead>,
    State(state): State<AppState>,
    Path(id): Path<ContactId>,
) -> Result<Json<ContactDetail>, Problem> {
    let client = state.db().await?;
    let found = contacts::find(&client, caller.organization, &caller.sees, id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("contact"))
}
