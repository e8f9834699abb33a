//! `POST /v1/connections`: proves access at the provider, then stores the credentials, sealed.

use axum::extract::State;
use axum::response::Response;
use common::channels::Channel;
use common::config::Secret;
use common::db::audit::{self, Actor, Entry};
use common::db::connections::{self, EXTERNAL_ID_KEY, NewConnection};
use common::db::{self, idempotency::Answer};
use common::domain::ids::ConnectionId;
use common::domain::principal::Principal;
use common::problem::Problem;
use common::trace::TraceId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use url::Url;
use utoipa::ToSchema;

use super::secrets::ObjectSecret;
use super::{ConnectionView, secrets};
use crate::auth::{Allowed, rights::ConnectionCreate};
use crate::extract::{IdempotencyKey, Json, Trace};
use crate::idempotency::{Once, Stopped};
use crate::provider;
use crate::state::AppState;

/// A provider account and its credentials.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "channel": "whatsapp", "externalId": "123456789012345", "accessToken": "EAAG…", "appSecret": "0123456789abcdef",
    "verifyToken": "a-word-of-yours",
}))]
pub struct CreateConnection {
    /// The channel.
    pub(super) channel: Channel,
    /// The provider's id of the account: for WhatsApp the business account, for Messenger the page, for
    /// Instagram the professional account, for texts the account SID, for RCS the agent.
    pub(super) external_id: String,
    /// WhatsApp, Messenger and Instagram: authorizes our calls to the provider.
    #[schema(value_type = Option<String>, write_only)]
    pub(super) access_token: Option<Secret>,
    /// WhatsApp, Messenger and Instagram: signs the provider's webhooks.
    #[schema(value_type = Option<String>, write_only)]
    pub(super) app_secret: Option<Secret>,
    /// WhatsApp, Messenger and Instagram: the word that you give the provider with the webhook's address.
    #[schema(value_type = Option<String>, write_only)]
    pub(super) verify_token: Option<Secret>,
    /// Texts: `externalId` again, which may be left out.
    pub(super) account_sid: Option<String>,
    /// Texts: the account's auth token, which signs the provider's webhooks, and authorizes our calls unless an API key does.
    #[schema(value_type = Option<String>, write_only)]
    pub(super) auth_token: Option<Secret>,
    /// Texts: an API key of the account to send with.
    pub(super) api_key_sid: Option<String>,
    /// Texts: the secret of that key.
    #[schema(value_type = Option<String>, write_only)]
    pub(super) api_key_secret: Option<Secret>,
    /// RCS: the service account that may use the agent, as the provider gives it out.
    #[schema(value_type = Option<Object>, write_only)]
    pub(super) service_account: Option<ObjectSecret>,
    /// RCS: the word that you give the provider with the webhook's address; it signs webhooks.
    #[schema(value_type = Option<String>, write_only)]
    pub(super) client_token: Option<Secret>,
    /// Replaces the provider's base address, within what the operator allows.
    api_url: Option<String>,
}

/// Connect a provider account
///
/// Stores the credentials of a provider account, sealed, once the provider has confirmed that they give access to it.
/// They are never returned.
#[utoipa::path(
    post, path = "/v1/connections", tag = "Connections",
    extensions(("x-required-scopes" = json!(["connection:create"]))),
    request_body = CreateConnection,
    responses(
        (status = 201, description = "Connected", body = ConnectionView, headers(("Location" = String))),
        (status = 502, description = "The provider cannot be asked right now (`provider_unavailable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn create_connection(
    caller: Allowed<ConnectionCreate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Json(input, body): Json<CreateConnection>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/connections", key, &body);
    once.answer(&state.pool, create(&state, &caller, &once, input, trace)).await
}

async fn create(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    input: CreateConnection,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let credentials = secrets::of(&input)?;
    let api_url = input.api_url.as_deref().map(|text| allowed_url(state, text)).transpose()?;
    let base = provider::base(state, input.channel, api_url.as_deref())?;
    let account = (input.channel, input.external_id.as_str());
    provider::prove_access(state, &base, account, &credentials).await?;
    let id = ConnectionId::new();
    let sealed = credentials.seal(&state.sealer, id).map_err(Problem::internal)?;
    let new = NewConnection {
        id,
        channel: input.channel,
        external_id: &input.external_id,
        api_url: api_url.as_deref(),
        credentials: &sealed,
        created_by: caller.user,
    };
    store(state, caller, once, new, trace).await
}

async fn store(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    new: NewConnection<'_>,
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let inserted = connections::insert(&tx, caller.organization, new).await;
    let connection = inserted.map_err(|error| match error.constraint() {
        Some(EXTERNAL_ID_KEY) => already_exists(),
        _ => error.into(),
    })?;
    let entry = Entry {
        organization: caller.organization,
        actor: Actor::ApiKey(caller.key),
        action: "connection.create",
        resource: connection.id.0,
        trace: Some(trace),
        detail: Some(json!({ "channel": connection.channel, "externalId": connection.external_id })),
    };
    audit::insert(&tx, &entry).await?;
    let location = format!("/v1/connections/{}", connection.id);
    let view = ConnectionView::from(connection);
    let answer = once.fill(&tx, StatusCode::CREATED, &view, Some(location)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}

fn already_exists() -> Problem {
    Problem::new(StatusCode::CONFLICT, "already_exists", "There is a connection to this account already")
        .field("externalId", "already_exists", "is connected already")
}

/// An `apiUrl` that the operator allows, in its plain form without a trailing slash.
pub(super) fn allowed_url(state: &AppState, text: &str) -> Result<String, Problem> {
    let plain = |url: &Url| {
        let bare = url.query().is_none() && url.fragment().is_none();
        bare && url.has_host() && url.username().is_empty() && url.password().is_none() && text.len() <= 500
    };
    let url = Url::parse(text).ok().filter(plain).ok_or_else(|| {
        Problem::invalid(
            "apiUrl",
            "invalid",
            "must be an http or https address without user, query or fragment",
        )
    })?;
    if !state.config.channels.allowed_api_urls.allows(&url) {
        let detail = "The operator does not allow this apiUrl";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "api_url_not_allowed", detail);
        return Err(problem.field(
            "apiUrl",
            "api_url_not_allowed",
            "is not among the addresses that the operator allows",
        ));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
