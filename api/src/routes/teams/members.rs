//! `PUT` and `DELETE /v1/teams/{id}/members/{userId}`.

use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::teams::{self, Added, MOST_MEMBERS};
use common::domain::ids::{TeamId, UserId};
use common::problem::Problem;
use http::StatusCode;
use serde_json::json;

use crate::auth::{Allowed, rights::TeamUpdate};
use crate::extract::{Paths, Trace};
use crate::state::AppState;

/// Add a member to a team
///
/// A user who is in it already stays.
#[utoipa::path(
    put, path = "/v1/teams/{id}/members/{userId}", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:update"]))),
    params(
        ("id" = String, Path, description = "Id of the team", example = "team_01KASDN6C4W9E1F5G8H2J3K7MP"),
        ("userId" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA"),
    ),
    responses(
        (status = 204, description = "In the team"),
        (status = 409, description = "The team is full (`team_full`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn add_team_member(
    caller: Allowed<TeamUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Paths(team, user): Paths<TeamId, UserId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    if !teams::lock(&tx, caller.organization, team).await? {
        return Err(Problem::not_found("team"));
    }
    match teams::add_member(&tx, caller.organization, (team, user)).await? {
        Added::Before => return Ok(StatusCode::NO_CONTENT),
        Added::NoUser => return Err(Problem::not_found("user")),
        Added::Full => {
            let detail = format!("The team has {MOST_MEMBERS} members, as many as it can");
            return Err(Problem::new(StatusCode::CONFLICT, "team_full", detail));
        }
        Added::Now => (),
    }
    let entry = Entry::by(&caller, "team.add_member", team, trace).detail(json!({ "userId": user }));
    audit::insert(&tx, &entry).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member from a team
///
/// Conversations that are assigned to the user stay theirs. Removing who is not in it changes nothing.
#[utoipa::path(
    delete, path = "/v1/teams/{id}/members/{userId}", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:update"]))),
    params(
        ("id" = String, Path, description = "Id of the team", example = "team_01KASDN6C4W9E1F5G8H2J3K7MP"),
        ("userId" = String, Path, description = "Id of the user", example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA"),
    ),
    responses((status = 204, description = "Not in the team"))
)]
pub async fn remove_team_member(
    caller: Allowed<TeamUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Paths(team, user): Paths<TeamId, UserId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    if !teams::lock(&tx, caller.organization, team).await? {
        return Err(Problem::not_found("team"));
    }
    if teams::remove_member(&tx, caller.organization, (team, user)).await? {
        let entry = Entry::by(&caller, "team.remove_member", team, trace).detail(json!({ "userId": user }));
        audit::insert(&tx, &entry).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
