//! `PATCH /v1/teams/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::teams::{self, TeamChange};
use common::domain::ids::TeamId;
use common::domain::team::TeamMode;
use common::problem::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{TeamView, check_name, refused};
use crate::auth::{Allowed, rights::TeamUpdate};
use crate::extract::{self, Path, Trace, given};
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "mode": "roundRobin", "fallback": true }))]
pub struct UpdateTeam {
    /// Another name, 1 to 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// How its new conversations find a person.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = TeamMode, required = false)]
    mode: Option<TeamMode>,
    /// Whether it gets the new conversations of inboxes that have no team, in place of the team that does now.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    fallback: Option<bool>,
}

/// Update a team
#[utoipa::path(
    patch, path = "/v1/teams/{id}", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:update"]))),
    params(("id" = String, Path, description = "Id of the team", example = "team_01KASDN6C4W9E1F5G8H2J3K7MP")),
    request_body = UpdateTeam,
    responses((status = 200, description = "The team as it is now", body = TeamView))
)]
pub async fn update_team(
    caller: Allowed<TeamUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<TeamId>,
    extract::Json(input, _): extract::Json<UpdateTeam>,
) -> Result<Json<TeamView>, Problem> {
    input.name.as_deref().map(check_name).transpose()?;
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let change = TeamChange { name: input.name.as_deref(), mode: input.mode, fallback: input.fallback };
    let changed = teams::update(&tx, caller.organization, id, change).await.map_err(refused)?;
    let team = changed.ok_or_else(|| Problem::not_found("team"))?;
    let detail = json!({ "name": input.name.is_some(), "mode": input.mode, "fallback": input.fallback });
    audit::insert(&tx, &Entry::by(&caller, "team.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(team.into()))
}
