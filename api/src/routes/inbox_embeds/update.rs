//! `PATCH /platform/v1/inbox_embeds/{id}`.

use axum::Json;
use axum::extract::State;
use common::db;
use common::db::audit::{self, Entry};
use common::db::inbox_embeds::{self, EmbedChange};
use common::domain::ids::{InboxEmbedId, UserId};
use common::problem::{Problem, Timestamp};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::viewer_keys::{self, GivenKey};
use super::{EmbedPermissions, InboxEmbedAnswer, Settings, check, check_required, problem, required};
use crate::auth::{Allowed, rights::EmbedUpdate};
use crate::extract::{self, Object, Path, Trace, given};
use crate::state::AppState;
use crate::text::Checks;

/// What is to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "inbox_embed": { "default_mode": "dark" } }))]
pub struct UpdateInboxEmbed {
    /// What is to change; what is left out stays. The scope never changes.
    #[schema(required, value_type = Change)]
    inbox_embed: Option<Object<Change>>,
}

/// What is to change about an embed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InboxEmbedChange)]
pub struct Change {
    /// Another name, or null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Another user whose conversations alone are seen, or null for all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    assigned_user_id: Option<Option<String>>,
    /// Others that may show it in a frame.
    #[serde(default, deserialize_with = "given")]
    allowed_origins: Option<Vec<String>>,
    /// Another mode.
    #[serde(default, deserialize_with = "given")]
    default_mode: Option<String>,
    /// What its visitors may do instead; what is left out of it, they may not.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<EmbedPermissions>)]
    permissions: Option<Object<EmbedPermissions>>,
    /// Other keys by which the product that holds it proves who looks, in place of all that it has. To rotate a key, give both until
    /// nothing is signed by the old one any more: sessions end with the key that proved who looks.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<GivenKey>>)]
    viewer_keys: Option<Vec<Object<GivenKey>>>,
    /// Whether nobody gets in without that; sessions of nobody in particular end.
    #[serde(default, deserialize_with = "given")]
    require_viewer_identity: Option<bool>,
    /// When it stops working; null for never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Timestamp>>,
}

/// Change an inbox embed
///
/// Sessions that are under way go by it from their next request on.
#[utoipa::path(
    patch, path = "/platform/v1/inbox_embeds/{id}", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:update"]))),
    params(("id" = String, Path, description = "Id of the embed", example = "550e8400-e29b-41d4-a716-446655440000")),
    request_body = UpdateInboxEmbed,
    responses(
        (status = 200, description = "The embed as it is now", body = InboxEmbedAnswer),
        (status = 409, description = "It was revoked (`embed_ended`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn update_inbox_embed(
    caller: Allowed<EmbedUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<InboxEmbedId>,
    extract::Json(input, _): extract::Json<UpdateInboxEmbed>,
) -> Result<Json<InboxEmbedAnswer>, Problem> {
    let input = input.inbox_embed.ok_or_else(|| required("inbox_embed"))?.0;
    let mut checks = Checks::default();
    let keys = input.viewer_keys.as_ref().map(|given| viewer_keys::read(given, &mut checks));
    let change = EmbedChange { viewer_keys: keys.as_deref(), ..change(&input, checks)? };
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let nothing = || Problem::not_found("inbox embed");
    let embed = inbox_embeds::find(&tx, caller.organization, id, true).await?.ok_or_else(nothing)?;
    if embed.revoked_at.is_some() {
        let detail = "The embed was revoked, which is for good; make another";
        return Err(Problem::new(StatusCode::CONFLICT, "embed_ended", detail));
    }
    let required = change.require_viewer_identity.unwrap_or(embed.require_viewer_identity);
    let mut checks = Checks::default();
    check_required(required, change.viewer_keys.unwrap_or(&embed.viewer_keys), &mut checks);
    checks.finish()?;
    inbox_embeds::update(&tx, caller.organization, id, change).await.map_err(problem)?;
    let embed = inbox_embeds::find(&tx, caller.organization, id, false).await?.ok_or_else(nothing)?;
    let detail = json!({
        "permissions": embed.permissions.words(), "allowedOrigins": embed.allowed_origins,
        "assignedUserId": embed.assigned_user, "expiresAt": embed.expires_at.map(Timestamp),
        "viewerKeys": embed.viewer_keys.iter().map(|key| &key.kid).collect::<Vec<_>>(),
        "requireViewerIdentity": embed.require_viewer_identity,
    });
    audit::insert(&tx, &Entry::by(&caller, "embed.update", id, trace).detail(detail)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(InboxEmbedAnswer { data: embed.into() }))
}

fn change(input: &Change, mut checks: Checks) -> Result<EmbedChange<'_>, Problem> {
    let user = match &input.assigned_user_id {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(text.parse::<UserId>().map_err(|_| Problem::not_found("user"))?)),
    };
    let change = EmbedChange {
        name: input.name.as_ref().map(|name| name.as_deref()),
        assigned_user: user,
        allowed_origins: input.allowed_origins.as_deref(),
        default_mode: input.default_mode.as_deref(),
        permissions: input.permissions.as_ref().map(|given| given.0.into()),
        viewer_keys: None,
        require_viewer_identity: input.require_viewer_identity,
        expires_at: input.expires_at.map(|at| at.map(|at| at.0)),
    };
    let settings = Settings {
        name: change.name.flatten(),
        allowed_origins: change.allowed_origins,
        default_mode: change.default_mode,
        permissions: change.permissions,
        expires_at: change.expires_at.flatten(),
    };
    check(settings, &mut checks);
    checks.finish()?;
    Ok(change)
}
