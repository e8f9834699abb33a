//! `PUT` and `DELETE /v1/inboxes/{id}/team`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::{inboxes, teams};
use common::domain::ids::{InboxId, TeamId};
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::InboxView;
use crate::auth::{Allowed, rights::InboxUpdate};
use crate::extract::{self, Path, Trace};
use crate::state::AppState;

/// Which team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "teamId": "team_01KASDN6C4W9E1F5G8H2J3K7MP" }))]
pub struct SetInboxTeam {
    /// A team of your organization.
    team_id: String,
}

/// Assign a team to an inbox
///
/// New conversations of the inbox go to this team. Those that are there stay where they are.
#[utoipa::path(
    put, path = "/v1/inboxes/{id}/team", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:update"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    request_body = SetInboxTeam,
    responses((status = 200, description = "Team set", body = InboxView))
)]
pub async fn set_inbox_team(
    caller: Allowed<InboxUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<InboxId>,
    extract::Json(input, _): extract::Json<SetInboxTeam>,
) -> Result<Json<InboxView>, Problem> {
    // What is no id at all names nothing.
    let team = input.team_id.parse().map_err(|_| Problem::not_found("team"))?;
    set(&state, &caller, (id, Some(team)), trace).await
}

/// Clear the team of an inbox
///
/// New conversations of the inbox go to the fallback team, if there is one.
#[utoipa::path(
    delete, path = "/v1/inboxes/{id}/team", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:update"]))),
    params(("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M")),
    responses((status = 200, description = "Team cleared", body = InboxView))
)]
pub async fn clear_inbox_team(
    caller: Allowed<InboxUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<InboxId>,
) -> Result<Json<InboxView>, Problem> {
    set(&state, &caller, (id, None), trace).await
}

async fn set(
    state: &AppState,
    caller: &Principal,
    (id, team): (InboxId, Option<TeamId>),
    trace: TraceId,
) -> Result<Json<InboxView>, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    if let Some(team) = team {
        // Locked, so that a removal that is under way is waited for.
        let found = teams::lock(&tx, caller.organization, team).await?;
        found.then_some(()).ok_or_else(|| Problem::not_found("team"))?;
    }
    let changed = inboxes::set_team(&tx, caller.organization, id, team).await?;
    let inbox = changed.ok_or_else(|| Problem::not_found("inbox"))?;
    let entry = Entry::by(caller, "inbox.set_team", id, trace).detail(json!({ "teamId": team }));
    audit::insert(&tx, &entry).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(inbox.into()))
}
