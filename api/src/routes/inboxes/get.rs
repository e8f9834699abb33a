//! `GET /v1/inboxes/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::inboxes;
use common::domain::ids::InboxId;
use common::problem::Problem;

use super::InboxDetails;
use crate::auth::{Allowed, rights::InboxRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get an inbox
///
/// With its settings, and with what its channel can carry: `capabilities` are the limits that messages are checked against.
#[utoipa::path(
    get, path = "/v1/inboxes/{id}", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:read"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    responses((status = 200, description = "The inbox", body = InboxDetails))
)]
pub async fn get_inbox(
    caller: Allowed<InboxRead>,
    State(state): State<AppState>,
    Path(id): Path<InboxId>,
) -> Result<Json<InboxDetails>, Problem> {
    let client = state.db().await?;
    let found = inboxes::find(&client, caller.organization, id).await?;
    let found = found.filter(|_| caller.sees.inbox(id.0));
    found.map(|inbox| Json(inbox.into())).ok_or_else(|| Problem::not_found("inbox"))
}
