//! `POST /v1/teams`.

use axum::extract::State;
use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::teams::{self, TeamChange};
use common::domain::principal::Principal;
use common::domain::team::TeamMode;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{TeamView, check_name, refused};
use crate::auth::{Allowed, rights::TeamCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// A group of users.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Support", "mode": "roundRobin" }))]
pub struct CreateTeam {
    /// Its name, 1 to 200 characters; no other team of the organization has it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// How its new conversations find a person: `manual` (the default) or `roundRobin`.
    mode: Option<TeamMode>,
    /// Whether it gets the new conversations of inboxes that have no team, in place of the team that does now.
    fallback: Option<bool>,
}

/// Create a team
///
/// `PUT /v1/teams/{id}/members/{userId}` adds its members.
#[utoipa::path(
    post, path = "/v1/teams", tag = "Teams",
    extensions(("x-required-scopes" = json!(["team:create"]))),
    request_body = CreateTeam,
    responses((status = 201, description = "Created", body = TeamView, headers(("Location" = String))))
)]
pub async fn create_team(
    caller: Allowed<TeamCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateTeam>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/teams", key, &body);
    once.answer(&state.pool, create(&state, &caller, &once, &input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: &CreateTeam,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    check_name(&input.name)?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let new = TeamChange { name: Some(&input.name), mode: input.mode, fallback: input.fallback };
    let team = teams::insert(&tx, caller.organization, new).await.map_err(refused)?;
    let detail = json!({ "mode": team.mode, "fallback": team.fallback });
    audit::insert(&tx, &Entry::by(caller, "team.create", team.id, trace).detail(detail)).await?;
    let location = format!("/v1/teams/{}", team.id);
    let answer = once.fill(&tx, StatusCode::CREATED, &TeamView::from(team), Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}
