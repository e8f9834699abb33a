//! `GET /platform/v1/inbox_embeds/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::inbox_embeds;
use common::domain::ids::InboxEmbedId;
use common::problem::Problem;

use super::InboxEmbedAnswer;
use crate::auth::{Allowed, rights::EmbedRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get an inbox embed
#[utoipa::path(
    get, path = "/platform/v1/inbox_embeds/{id}", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:read"]))),
    params(("id" = String, Path, description = "Id of the embed", example = "550e8400-e29b-41d4-a716-446655440000")),
    responses((status = 200, description = "The embed", body = InboxEmbedAnswer))
)]
pub async fn get_inbox_embed(
    caller: Allowed<EmbedRead>,
    State(state): State<AppState>,
    Path(id): Path<InboxEmbedId>,
) -> Result<Json<InboxEmbedAnswer>, Problem> {
    let found = inbox_embeds::find(&state.db().await?, caller.organization, id, false).await?;
    let embed = found.ok_or_else(|| Problem::not_found("inbox embed"))?;
    Ok(Json(InboxEmbedAnswer { data: embed.into() }))
}
