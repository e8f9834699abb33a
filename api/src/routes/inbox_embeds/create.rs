//! `POST /platform/v1/inbox_embeds`.

use axum::extract::State;
use axum::response::Response;
use common::crypto::shared::EmbedToken;
use common::db::audit::{self, Entry};
use common::db::idempotency::Answer;
use common::db::inbox_embeds::{self, EmbedScope, NewInboxEmbed};
use common::db::phone_numbers;
use common::domain::permissions::Permissions;
use common::domain::principal::Principal;
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::viewer_keys::{self, GivenKey};
use super::{EmbedPermissions, InboxEmbedView, Settings, check, check_required, problem, required};
use crate::auth::{Allowed, rights::EmbedCreate};
use crate::extract::{IdempotencyKey, Json, Object, Trace};
use crate::idempotency::{Once, Stopped};
use crate::state::AppState;
use crate::text::Checks;

/// An embed to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "inbox_embed": {
    "name": "Project inbox", "scope_type": "project", "allowed_origins": ["https://app.example.com"],
} }))]
pub struct CreateInboxEmbed {
    /// The embed.
    #[schema(required, value_type = NewEmbed)]
    inbox_embed: Option<Object<NewEmbed>>,
}

/// What an embed is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInboxEmbed)]
pub struct NewEmbed {
    /// Its name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// `project` (all inboxes), `customer` or `phone_number`.
    #[schema(required, value_type = String, example = "project")]
    scope_type: Option<String>,
    /// The customer's id, or the provider's id of the number; blank for `project`.
    scope_id: Option<String>,
    /// Only conversations that are this user's are seen.
    assigned_user_id: Option<String>,
    /// The origins that may show it in a frame, such as `https://app.example.com` or `https://*.example.com`; none listed means any.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// `system`, `light` or `dark`.
    #[schema(default = "system")]
    default_mode: Option<String>,
    /// What its visitors may do; everything by default.
    #[schema(value_type = Option<EmbedPermissions>)]
    permissions: Option<Object<EmbedPermissions>>,
    /// The keys by which the product that holds it proves who looks: as JWK or PEM, at most 10.
    #[serde(default)]
    #[schema(value_type = Vec<GivenKey>)]
    viewer_keys: Vec<Object<GivenKey>>,
    /// Whether nobody gets in without that.
    #[serde(default)]
    require_viewer_identity: bool,
    /// When it stops working; never by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A new embed, with its token.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInboxEmbedAnswer {
    /// The embed.
    data: CreatedInboxEmbed,
}

/// An embed as it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInboxEmbed {
    /// What is shown of it from now on.
    #[serde(flatten)]
    view: InboxEmbedView,
    /// Its token.
    #[schema(example = "emb_Zx8Qe…")]
    token: String,
    /// The address to show in a frame.
    #[schema(example = "https://inbox.example.com/embed/emb_Zx8Qe…")]
    embed_url: String,
}

/// Create an inbox embed
///
/// The answer holds `token` and `embed_url`, this once. Its visitors may do all that the permissions allow, archive conversations and bring
/// them back, and not assign.
#[utoipa::path(
    post, path = "/platform/v1/inbox_embeds", tag = "Inbox embeds",
    extensions(("x-required-scopes" = json!(["embed:create"]))),
    request_body = CreateInboxEmbed,
    responses(
        (status = 201, description = "Created", body = CreatedInboxEmbedAnswer, headers(("Location" = String))),
        (status = 404, description = "There is no such customer, number or user in your organization",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn create_inbox_embed(
    caller: Allowed<EmbedCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateInboxEmbed>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /platform/v1/inbox_embeds", key, &body).sealed(&state.sealer);
    let embed = input.inbox_embed.ok_or_else(|| required("inbox_embed"))?.0;
    once.answer(&state.pool, create(&state, &caller, &once, &embed, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: &NewEmbed,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let permissions = input.permissions.as_ref().map_or(Permissions::all(), |given| given.0.into());
    let settings = Settings {
        name: input.name.as_deref(),
        allowed_origins: Some(&input.allowed_origins),
        default_mode: input.default_mode.as_deref(),
        permissions: Some(permissions),
        expires_at: input.expires_at.map(|at| at.0),
    };
    let mut checks = Checks::default();
    check(settings, &mut checks);
    let viewer_keys = viewer_keys::read(&input.viewer_keys, &mut checks);
    check_required(input.require_viewer_identity && input.viewer_keys.is_empty(), &[], &mut checks);
    checks.finish()?;
    let nobody = || Problem::not_found("user");
    let assigned_user =
        input.assigned_user_id.as_deref().map(str::parse).transpose().map_err(|_| nobody())?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let new = NewInboxEmbed {
        name: settings.name,
        scope: scope(&tx, caller, input).await?,
        assigned_user,
        allowed_origins: &input.allowed_origins,
        default_mode: settings.default_mode.unwrap_or("system"),
        permissions,
        viewer_keys: &viewer_keys,
        require_viewer_identity: input.require_viewer_identity,
        expires_at: settings.expires_at,
        created_by: caller.user,
    };
    let token = EmbedToken::mint();
    let id = inbox_embeds::insert(&tx, caller.organization, new, &token.hash).await.map_err(problem)?;
    let embed = inbox_embeds::find(&tx, caller.organization, id, false).await?;
    let embed = embed.ok_or_else(|| Problem::not_found("inbox embed"))?;
    let detail = json!({
        "scopeType": embed.scope_type, "scopeId": embed.scope_id, "permissions": permissions.words(),
        "allowedOrigins": embed.allowed_origins, "expiresAt": embed.expires_at.map(Timestamp),
        "viewerKeys": viewer_keys.iter().map(|key| &key.kid).collect::<Vec<_>>(),
        "requireViewerIdentity": embed.require_viewer_identity,
    });
    audit::insert(&tx, &Entry::by(caller, "embed.create", id, trace).detail(detail)).await?;
    let location = format!("/platform/v1/inbox_embeds/{}", id.0);
    let token = token.token.expose().to_owned();
    let embed_url = format!("{}/embed/{token}", state.config.http.public_url);
    let shown = CreatedInboxEmbedAnswer { data: CreatedInboxEmbed { view: embed.into(), token, embed_url } };
    let answer = once.fill(&tx, StatusCode::CREATED, &shown, Some(location)).await?;
    tx.commit().await?;
    Ok(answer)
}

/// What the embed is to show.
async fn scope(
    client: &impl GenericClient,
    caller: &Principal,
    input: &NewEmbed,
) -> Result<EmbedScope, Problem> {
    const TYPE: &str = "inbox_embed.scope_type";
    const ID: &str = "inbox_embed.scope_id";
    let id = input.scope_id.as_deref().filter(|id| !id.trim().is_empty());
    match (input.scope_type.as_deref(), id) {
        (None, _) => Err(required(TYPE)),
        (Some("project"), None) => Ok(EmbedScope::Project),
        (Some("project"), Some(_)) => Err(Problem::invalid(ID, "not_supported", "must be blank for project")),
        (Some("customer" | "phone_number"), None) => Err(required(ID)),
        (Some("customer"), Some(id)) => {
            id.parse().map(EmbedScope::Customer).map_err(|_| Problem::not_found("customer"))
        }
        (Some("phone_number"), Some(id)) => {
            let found = phone_numbers::find_by_provider_id(client, caller.organization, id).await?;
            let number = found.ok_or_else(|| Problem::not_found("phone number"))?;
            Ok(EmbedScope::PhoneNumber(number.id))
        }
        (Some(_), _) => {
            let message = "must be project, customer or phone_number";
            Err(Problem::invalid(TYPE, "unsupported_value", message))
        }
    }
}
