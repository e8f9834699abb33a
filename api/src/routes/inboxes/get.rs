//! `GET /v1/inboxes/{id}`.

use axum::Json;
use axum::extract::State;
use common::db::inboxes;
use common::domain::ids::InboxId;
use common::domain::permissions::Permission;
use common::problem::Problem;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::InboxDetails;
use crate::auth::{Allowed, not_permitted, rights::InboxRead};
use crate::extract::{Path, Query};
use crate::state::AppState;

/// What is shown of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetInbox {
    /// What to show besides. The business profile is at the provider: its answer is used for a minute, and if it gives none, that is
    /// the answer here too.
    #[param(inline)]
    include: Option<Include>,
}

/// What can be shown besides.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Include {
    /// How the business shows itself to contacts. Visitors need `readDetails` for it.
    BusinessProfile,
}

/// Get an inbox
///
/// With its settings, and with what its channel can carry: `capabilities` are the limits that messages are checked against.
#[utoipa::path(
    get, path = "/v1/inboxes/{id}", tag = "Inboxes",
    extensions(("x-required-scopes" = json!(["inbox:read"]))),
    params(
        ("id" = String, Path, description = "Id of the inbox", example = "ibx_01KASDP3P1S7A6A0RZ5W6D9V4M"),
        GetInbox,
    ),
    responses(
        (status = 200, description = "The inbox", body = InboxDetails),
        (status = 502, description = "The business profile was asked for, and the provider cannot be asked (`provider_unavailable`) or refuses (`provider_refused`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get_inbox(
    caller: Allowed<InboxRead>,
    State(state): State<AppState>,
    Path(id): Path<InboxId>,
    Query(asked): Query<GetInbox>,
) -> Result<Json<InboxDetails>, Problem> {
    let client = state.db().await?;
    let Some(Include::BusinessProfile) = asked.include else {
        let found = inboxes::find(&client, caller.organization, id).await?;
        let found = found.filter(|_| caller.sees.inbox(id.0));
        return found.map(|inbox| Json(inbox.into())).ok_or_else(|| Problem::not_found("inbox"));
    };
    if !caller.permits(Permission::ReadDetails) {
        return Err(not_permitted(Permission::ReadDetails));
    }
    let found = inboxes::find_connection(&client, caller.organization, id).await?;
    // The provider may take its time: nobody waits for a session of ours meanwhile.
    drop(client);
    let found = found.filter(|_| caller.sees.inbox(id.0));
    let (inbox, connection) = found.ok_or_else(|| Problem::not_found("inbox"))?;
    let profile = state.lookups.profile(&state, (&inbox, &connection)).await?;
    Ok(Json(InboxDetails::from(inbox).with_profile(profile)))
}
