//! `DELETE /v1/teams/{id}`.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::teams;
use common::domain::ids::TeamId;
use common::problem::Problem;
use http::StatusCode;

use crate::auth::{Allowed, rights::TeamDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Delete a team
///
/// Its inboxes have no team from now on, so that their new conversations go to the fallback. Conversations that went to it keep
/// its id and whoever they are assigned to.
#[utoipa::path(
    delete, path = "/v1/teams/{id}", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:delete"]))),
    params(("id" = String, Path, description = "Id of the team", example = "team_01KASDN6C4W9E1F5G8H2J3K7MP")),
    responses((status = 204, description = "Gone"))
)]
pub async fn delete_team(
    caller: Allowed<TeamDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    if !teams::lock(&tx, caller.organization, id).await? {
        return Err(Problem::not_found("team"));
    }
    teams::delete(&tx, caller.organization, id).await?;
    audit::insert(&tx, &Entry::by(&caller, "team.delete", id, trace)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
