//! `GET /v1/shared-inbox/session`: the visitor's own session.

use axum::Json;
use axum::extract::State;
use common::db::shared_sessions::Ended;
use common::domain::principal::Grant;
use common::problem::Problem;

use super::create::source;
use super::{SharedSessionAnswer, answer};
use crate::auth::{Visit, ended};
use crate::state::AppState;

/// Get one's own session
///
/// With what its visitor may do now: a page that is loaded again asks here.
#[utoipa::path(
    get, path = "/v1/shared-inbox/session", tag = "Shared inbox sessions",
    responses((status = 200, description = "The session", body = SharedSessionAnswer))
)]
pub async fn get_shared_session(
    visit: Visit,
    State(state): State<AppState>,
) -> Result<Json<SharedSessionAnswer>, Problem> {
    let (session, principal) = state.sessions.find(&visit.name).await?;
    let found = source(&state.db().await?, &visit.name).await?;
    let found = found.ok_or_else(|| ended(Ended::Unknown))?;
    let narrowed = match principal.may {
        Grant::Permissions(permissions) => Some(permissions),
        Grant::Role(..) => None,
    };
    let who = (principal.viewer.clone(), narrowed);
    Ok(Json(answer(found, visit.token.expose(), who, session.expires_at)))
}
