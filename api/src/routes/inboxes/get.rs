//! `GET /v1/inboxes/{id}`.

use axum::Json;
use axum::extract::State;
use common::channels::Capabilities;
use common::db::inboxes;
use common::domain::ids::InboxId;
use common::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::InboxView;
use crate::auth::{Allowed, rights::InboxRead};
use crate::extract::Path;
use crate::state::AppState;

/// An inbox, with what its channel can carry.
#[derive(Debug, Serialize, ToSchema)]
pub struct InboxDetail {
    /// The inbox.
    #[serde(flatten)]
    inbox: InboxView,
    /// What can be sent through it, and within which limits.
    capabilities: Capabilities,
}

/// Get an inbox
///
/// With what its channel can carry: `capabilities` are the limits that messages are checked against.
#[utoipa::path(
    get, path = "/v1/inboxes/{id}", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:read"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    responses((status = 200, description = "The inbox", body = InboxDetail))
)]
pub async fn get_inbox(
    caller: Allowed<InboxRead>,
    State(state): State<AppState>,
    Path(id): Path<InboxId>,
) -> Result<Json<InboxDetail>, Problem> {
    let client = state.db().await?;
    let found = inboxes::find(&client, caller.organization, id).await?;
    let inbox = found.ok_or_else(|| Problem::not_found("inbox"))?;
    let capabilities = *inbox.channel.capabilities();
    Ok(Json(InboxDetail { inbox: inbox.into(), capabilities }))
}
