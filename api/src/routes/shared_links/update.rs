//! `PATCH /v1/shared-inbox-links/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::shared_links::{self, LinkChange};
use common::domain::ids::SharedInboxLinkId;
use common::domain::permissions::Permissions;
use common::problem::{Problem, Timestamp};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{SharedLinkAnswer, check, revoked};
use crate::auth::{Allowed, rights::LinkUpdate};
use crate::extract::{self, Object, Path, Trace, given};
use crate::state::AppState;

/// What is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Support vendor access - Q2", "expiresAt": null }))]
pub struct UpdateSharedLink {
    /// Another name, 1 to 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// When it stops working; null for never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-04-01T00:00:00.000Z")]
    expires_at: Option<Option<Timestamp>>,
    /// What its visitors may do instead; what is left out of it, they may not.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Permissions>)]
    permissions: Option<Object<Permissions>>,
}

/// Change a shared inbox link
///
/// Sessions that are under way go by it from their next request on.
#[utoipa::path(
    patch, path = "/v1/shared-inbox-links/{id}", tag = "Shared inbox links",
    extensions(("x-required-scopes" = json!(["link:update"]))),
    params(("id" = String, Path, description = "Id of the link", example = "550e8400-e29b-41d4-a716-446655440000")),
    request_body = UpdateSharedLink,
    responses(
        (status = 200, description = "The link as it is now", body = SharedLinkAnswer),
        (status = 409, description = "It was revoked (`link_ended`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn update_shared_link(
    caller: Allowed<LinkUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<SharedInboxLinkId>,
    extract::Json(input, _): extract::Json<UpdateSharedLink>,
) -> Result<Json<SharedLinkAnswer>, Problem> {
    let change = LinkChange {
        name: input.name.as_deref(),
        permissions: input.permissions.map(|permissions| permissions.0),
        expires_at: input.expires_at.map(|at| at.map(|at| at.0)),
    };
    check(change.name, change.permissions, change.expires_at.flatten()).finish()?;
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let nothing = || Problem::not_found("shared inbox link");
    let link = shared_links::find(&tx, caller.organization, id, true).await?.ok_or_else(nothing)?;
    if link.revoked_at.is_some() {
        return Err(revoked());
    }
    shared_links::update(&tx, caller.organization, id, change).await?;
    let link = shared_links::find(&tx, caller.organization, id, false).await?.ok_or_else(nothing)?;
    let detail =
        json!({ "permissions": link.permissions.words(), "expiresAt": link.expires_at.map(Timestamp) });
    audit::insert(&tx, &Entry::by(&caller, "link.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(SharedLinkAnswer::of(&state, link)))
}
