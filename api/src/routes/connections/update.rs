//! `PATCH /v1/connections/{id}`: proves access with what is to change, then stores it, sealed.

use axum::Json;
use axum::extract::State;
use common::channels::Credentials;
use common::config::Secret;
use common::db;
use common::db::audit::{self, Entry};
use common::db::connections::{self, ConnectionChange};
use common::domain::ids::ConnectionId;
use common::problem::Problem;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::create::allowed_url;
use super::secrets::ObjectSecret;
use super::{ConnectionView, secrets};
use crate::auth::{Allowed, rights::ConnectionUpdate};
use crate::extract::{self, Path, Trace, given};
use crate::provider;
use crate::state::AppState;

/// What is to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "accessToken": "EAAG…" }))]
pub struct UpdateConnection {
    /// WhatsApp: another token that authorizes our calls to the provider.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, write_only)]
    pub(super) access_token: Option<Secret>,
    /// WhatsApp: another secret that signs the provider's webhooks.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, write_only)]
    pub(super) app_secret: Option<Secret>,
    /// WhatsApp: another word that you give the provider with the webhook's address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, write_only)]
    pub(super) verify_token: Option<Secret>,
    /// Texts: another auth token.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, write_only)]
    pub(super) auth_token: Option<Secret>,
    /// Texts: another API key to send with; null to send with the auth token.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(super) api_key_sid: Option<Option<String>>,
    /// Texts: the secret of that key; null with it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, write_only)]
    pub(super) api_key_secret: Option<Option<Secret>>,
    /// RCS: another service account.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Object, required = false, write_only)]
    pub(super) service_account: Option<ObjectSecret>,
    /// RCS: another word that you give the provider with the webhook's address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, write_only)]
    pub(super) client_token: Option<Secret>,
    /// Another address in place of the provider's, within what the operator allows; null for the provider's own.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    api_url: Option<Option<String>>,
}

/// Update a connection
///
/// Replaces its credentials, sealed, once the provider has confirmed that they give access to the account. They are in use within
/// five seconds, and inboxes that the provider had refused are tried again.
#[utoipa::path(
    patch, path = "/v1/connections/{id}", tag = "Connections",
    extensions(("x-required-scopes" = json!(["connection:update"]))),
    params(("id" = String, Path, description = "Id of the connection", example = "con_01KASDNQ9N5W1D7K9X3F0T4E6B")),
    request_body = UpdateConnection,
    responses(
        (status = 200, description = "The connection as it is now", body = ConnectionView),
        (status = 409, description = "Somebody else changed it at the same time (`changed_meanwhile`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The provider cannot be asked right now (`provider_unavailable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn update_connection(
    caller: Allowed<ConnectionUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<ConnectionId>,
    extract::Json(input, _): extract::Json<UpdateConnection>,
) -> Result<Json<ConnectionView>, Problem> {
    let changed = json!({
        "accessToken": input.access_token.is_some(), "appSecret": input.app_secret.is_some(),
        "verifyToken": input.verify_token.is_some(), "authToken": input.auth_token.is_some(),
        "apiKey": input.api_key_sid.is_some() || input.api_key_secret.is_some(),
        "serviceAccount": input.service_account.is_some(), "clientToken": input.client_token.is_some(), "apiUrl": input.api_url.is_some(),
    });
    let client = state.db().await?;
    let found = connections::find(&client, caller.organization, id).await?;
    drop(client);
    let connection = found.ok_or_else(|| Problem::not_found("connection"))?;
    let api_url = match &input.api_url {
        None => connection.api_url.clone(),
        Some(url) => url.as_deref().map(|text| allowed_url(&state, text)).transpose()?,
    };
    let opened = Credentials::open(&state.sealer, id, &connection.credentials).map_err(Problem::internal)?;
    let credentials = secrets::changed(connection.channel, opened, &input)?;
    let base = provider::base(&state, connection.channel, api_url.as_deref())?;
    let account = (connection.channel, connection.external_id.as_str());
    provider::prove_access(&state, &base, account, &credentials).await?;
    let sealed = credentials.seal(&state.sealer, id).map_err(Problem::internal)?;
    let change =
        ConnectionChange { api_url: api_url.as_deref(), credentials: &sealed, read: connection.updated_at };
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let updated = connections::update(&tx, caller.organization, id, change).await?;
    let meanwhile = || {
        let detail = "The connection was changed or removed at the same time; read it and repeat";
        Problem::new(StatusCode::CONFLICT, "changed_meanwhile", detail)
    };
    let connection = updated.ok_or_else(meanwhile)?;
    audit::insert(&tx, &Entry::by(&caller, "connection.update", id, trace).detail(changed)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Json(connection.into()))
}
