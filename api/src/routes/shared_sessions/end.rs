//! `DELETE /v1/shared-inbox/session`: the visitor leaves.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::shared_sessions;
use common::problem::Problem;
use http::StatusCode;

use crate::auth::Visit;
use crate::extract::Trace;
use crate::state::AppState;

/// End one's own session
///
/// Its token opens nothing any more. The link or embed works on.
#[utoipa::path(
    delete, path = "/v1/shared-inbox/session", tag = "Shared inbox sessions",
    responses((status = 204, description = "It is over"))
)]
pub async fn end_shared_session(
    visit: Visit,
    State(state): State<AppState>,
    Trace(trace): Trace,
) -> Result<StatusCode, Problem> {
    let (_, principal) = state.sessions.find(&visit.name).await?;
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let session = visit.name.session;
    let ended = shared_sessions::end(&tx, principal.organization, visit.name.guest, session).await?;
    if ended == Some(true) {
        audit::insert(&tx, &Entry::by(&principal, "shared_session.end", session, trace)).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
