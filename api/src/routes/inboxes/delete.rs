//! `DELETE /v1/inboxes/{id}`.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::inboxes;
use common::domain::ids::InboxId;
use common::problem::Problem;
use http::StatusCode;

use crate::auth::{Allowed, rights::InboxDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Delete an inbox
///
/// Disconnects it: it sends and receives no more, and its resource can be connected anew, here or by another organization. What
/// waits to be sent fails with `inbox_deleted`; a message that is on its way to the channel ends first. Its conversations and
/// messages stay readable. What contacts write to it from now on is dropped; reports on messages that had left still count.
#[utoipa::path(
    delete, path = "/v1/inboxes/{id}", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:delete"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    responses((status = 204, description = "Gone"))
)]
pub async fn delete_inbox(
    caller: Allowed<InboxDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<InboxId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    if !inboxes::delete(&tx, caller.organization, id).await? {
        return Err(Problem::not_found("inbox"));
    }
    audit::insert(&tx, &Entry::by(&caller, "inbox.delete", id, trace)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
