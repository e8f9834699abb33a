//! `GET /v1/shared-inbox-links/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::shared_links;
use common::domain::ids::SharedInboxLinkId;
use common::problem::Problem;

use super::SharedLinkAnswer;
use crate::auth::{Allowed, rights::LinkRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a shared inbox link
#[utoipa::path(
    get, path = "/v1/shared-inbox-links/{id}", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:read"]))),
    params(("id" = String, Path, description = "Id of the link", example = "550e8400-e29b-41d4-a716-446655440000")),
    responses((status = 200, description = "The link", body = SharedLinkAnswer))
)]
pub async fn get_shared_link(
    caller: Allowed<LinkRead>,
    State(state): State<AppState>,
    Path(id): Path<SharedInboxLinkId>,
) -> Result<Json<SharedLinkAnswer>, Problem> {
    let found = shared_links::find(&state.db().await?, caller.organization, id, false).await?;
    let link = found.ok_or_else(|| Problem::not_found("shared inbox link"))?;
    Ok(Json(SharedLinkAnswer::of(&state, link)))
}
