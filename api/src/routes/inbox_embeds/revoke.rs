//! `DELETE /platform/v1/inbox_embeds/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::inbox_embeds;
use common::domain::ids::InboxEmbedId;
use common::problem::Problem;

use super::InboxEmbedAnswer;
use crate::auth::{Allowed, rights::EmbedDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Revoke an inbox embed
///
/// For good, and at once: sessions that are under way end with their next request. It stays listed. Revoking it again changes nothing.
#[utoipa::path(
    delete, path = "/platform/v1/inbox_embeds/{id}", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:delete"]))),
    params(("id" = String, Path, description = "Id of the embed", example = "550e8400-e29b-41d4-a716-446655440000")),
    responses((status = 200, description = "The embed, revoked", body = InboxEmbedAnswer))
)]
pub async fn revoke_inbox_embed(
    caller: Allowed<EmbedDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<InboxEmbedId>,
) -> Result<Json<InboxEmbedAnswer>, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let nothing = || Problem::not_found("inbox embed");
    let mut embed = inbox_embeds::find(&tx, caller.organization, id, true).await?.ok_or_else(nothing)?;
    if embed.revoked_at.is_none() {
        inbox_embeds::revoke(&tx, caller.organization, id).await?;
        audit::insert(&tx, &Entry::by(&caller, "embed.revoke", id, trace)).await?;
        embed = inbox_embeds::find(&tx, caller.organization, id, false).await?.ok_or_else(nothing)?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(InboxEmbedAnswer { data: embed.into() }))
}
