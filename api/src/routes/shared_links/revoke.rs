//! `DELETE /v1/shared-inbox-links/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::shared_links;
use common::domain::ids::SharedInboxLinkId;
use common::problem::Problem;

use super::SharedLinkAnswer;
use crate::auth::{Allowed, rights::LinkDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Revoke a shared inbox link
///
/// For good, and at once: sessions that are under way end with their next request. It stays listed, and so does what was done by it.
/// Revoking it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/shared-inbox-links/{id}", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:delete"]))),
    params(("id" = String, Path, description = "Id of the link", example = "550e8400-e29b-41d4-a716-446655440000")),
    responses((status = 200, description = "The link, revoked", body = SharedLinkAnswer))
)]
pub async fn revoke_shared_link(
    caller: Allowed<LinkDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<SharedInboxLinkId>,
) -> Result<Json<SharedLinkAnswer>, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let nothing = || Problem::not_found("shared inbox link");
    let mut link = shared_links::find(&tx, caller.organization, id, true).await?.ok_or_else(nothing)?;
    if link.revoked_at.is_none() {
        shared_links::revoke(&tx, caller.organization, id).await?;
        audit::insert(&tx, &Entry::by(&caller, "link.revoke", id, trace)).await?;
        link = shared_links::find(&tx, caller.organization, id, false).await?.ok_or_else(nothing)?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(SharedLinkAnswer::of(&state, link)))
}
