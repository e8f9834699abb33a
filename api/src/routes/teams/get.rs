//! `GET /v1/teams/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::teams;
use common::domain::ids::TeamId;
use common::problem::Problem;

use super::TeamView;
use crate::auth::{Allowed, rights::TeamRead};
use crate::extract::Path;
use crate::state::AppState;

/// Get a team
#[utoipa::path(
    get, path = "/v1/teams/{id}", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:read"]))),
    params(("id" = String, Path, description = "Id of the team", example = "team_01KASDN6C4W9E1F5G8H2J3K7MP")),
    responses((status = 200, description = "The team", body = TeamView))
)]
pub async fn get_team(
    caller: Allowed<TeamRead>,
    State(state): State<AppState>,
    Path(id): Path<TeamId>,
) -> Result<Json<TeamView>, Problem> {
    let client = state.db().await?;
    let found = teams::find(&client, caller.organization, id).await?;
    found.map(|it| Json(it.into())).ok_or_else(|| Problem::not_found("team"))
}
