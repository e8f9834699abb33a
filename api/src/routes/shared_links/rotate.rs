//! `POST /v1/shared-inbox-links/{id}/rotate`.

use axum::extract::State;
use axum::response::Response;
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::shared_links;
use common::domain::ids::SharedInboxLinkId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{SharedLinkAnswer, revoked};
use crate::auth::{Allowed, rights::LinkUpdate};
use crate::extract::{IdempotencyKey, OptionalJson, Path, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;

/// Nothing needs to be said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct RotateSharedLink {}

/// Give a shared inbox link another public URL
///
/// The old one opens nothing any more; sessions that are under way go on.
#[utoipa::path(
    post, path = "/v1/shared-inbox-links/{id}/rotate", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:update"]))),
    params(("id" = String, Path, description = "Id of the link", example = "550e8400-e29b-41d4-a716-446655440000")),
    request_body = Option<RotateSharedLink>,
    responses(
        (status = 200, description = "The link with its new public URL", body = SharedLinkAnswer),
        (status = 409, description = "It was revoked (`link_ended`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn rotate_shared_link(
    caller: Allowed<LinkUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<SharedInboxLinkId>,
    key: IdempotencyKey,
    asked: OptionalJson<RotateSharedLink>,
) -> Result<Response, Problem> {
    // The link is part of what is asked for, and not of the body.
    let request = [id.0.as_bytes().as_slice(), &asked.1].concat();
    let route = "POST /v1/shared-inbox-links/{id}/rotate";
    let once = Once::new(&caller, route, key, &request).sealed(&state.sealer);
    once.answer(&state.pool, rotate(&state, &caller, &once, id, trace)).await
}

async fn rotate(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    id: SharedInboxLinkId,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let nothing = || Problem::not_found("shared inbox link");
    let link = shared_links::find(&tx, caller.organization, id, true).await?.ok_or_else(nothing)?;
    if link.revoked_at.is_some() {
        return Err(revoked().into());
    }
    shared_links::rotate(&tx, caller.organization, id).await?;
    let link = shared_links::find(&tx, caller.organization, id, false).await?.ok_or_else(nothing)?;
    audit::insert(&tx, &Entry::by(caller, "link.rotate", id, trace)).await?;
    let answer = once.fill(&tx, StatusCode::OK, &SharedLinkAnswer::of(state, link), None).await?;
    tx.commit().await?;
    Ok(answer)
}
