//! `PATCH /v1/webhooks/{id}`.

use std::collections::BTreeMap;

use axum::extract::State;
use common::db::webhooks::{self, Settings};
use common::db::{self, audit};
use common::domain::ids::{InboxId, WebhookId};
use common::problem::Problem;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::ToSchema;

use super::{WebhookView, check, entry, unknown};
use crate::auth::{Allowed, rights::WebhookUpdate};
use crate::extract::{Json, Path, Trace};
use crate::state::AppState;
use crate::text::Checks;

/// A merge patch (RFC 7396): what is left out stays. Null takes a description, headers or a signature header away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "events": ["*"], "enabled": true }))]
pub struct UpdateWebhook {
    /// Where events are posted to.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Types of events, or `*` for all.
    events: Option<Vec<String>>,
    /// Events of these inboxes only; none listed means every event.
    #[schema(value_type = Option<Vec<String>>)]
    inbox_ids: Option<Vec<InboxId>>,
    /// What it is for.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    /// Further headers to send, in place of those there are.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<std::collections::HashMap<String, String>>, write_only)]
    headers: Option<Option<BTreeMap<String, String>>>,
    /// A header for the hex HMAC-SHA256 of the body under the secret's text.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    hex_signature_header: Option<Option<String>>,
    /// Whether a conversation's events are posted one by one.
    ordered: Option<bool>,
    /// Whether events are posted. What waited when it was disabled goes on when it is enabled; what happened meanwhile can be had by a replay.
    enabled: Option<bool>,
}

/// A field that is there, even as null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Update a webhook
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:update"]))),
    params(("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")),
    request_body = UpdateWebhook,
    responses((status = 200, description = "The webhook as it is now", body = WebhookView))
)]
pub async fn update_webhook(
    caller: Allowed<WebhookUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<WebhookId>,
    Json(mut input, _): Json<UpdateWebhook>,
) -> Result<axum::Json<WebhookView>, Problem> {
    check(&mut input)?;
    // Looked up before anything is locked: a name may take a while.
    let url = match &input.url {
        Some(text) => Some(check::url(&state, text).await?),
        None => None,
    };
    let fields = named(&input);
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    let found = webhooks::lock(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    let inboxes = match &input.inbox_ids {
        Some(ids) => check::inboxes(&tx, caller.organization, ids).await?,
        None => found.inboxes,
    };
    let settings = Settings {
        url: url.unwrap_or(found.url),
        description: input.description.unwrap_or(found.description),
        event_types: input.events.unwrap_or(found.event_types),
        inboxes,
        hex_signature_header: input.hex_signature_header.unwrap_or(found.hex_signature_header),
        ordered: input.ordered.unwrap_or(found.ordered),
    };
    let headers = input.headers.map(|headers| check::seal(&state.sealer, id, &headers.unwrap_or_default()));
    let headers = headers.transpose()?;
    if !fields.is_empty() {
        webhooks::update(&tx, caller.organization, id, &settings, headers.as_ref()).await?;
        if let Some(enabled) = input.enabled.filter(|enabled| *enabled != found.enabled) {
            let reason = (!enabled).then_some("request");
            webhooks::enable(&tx, caller.organization, id, reason).await?;
        }
        let detail = json!({ "fields": fields });
        audit::insert(&tx, &entry(&caller, "webhook.update", id, trace, Some(detail))).await?;
    }
    let changed = webhooks::find(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(axum::Json(changed.into()))
}

fn check(input: &mut UpdateWebhook) -> Result<(), Problem> {
    let mut checks = Checks::default();
    check::description(&mut checks, input.description.as_ref().and_then(Option::as_deref));
    if let Some(events) = &mut input.events {
        check::events(&mut checks, events);
    }
    if let Some(Some(headers)) = &input.headers {
        check::headers(&mut checks, headers);
    }
    if let Some(Some(name)) = &input.hex_signature_header {
        check::header_name(&mut checks, "hexSignatureHeader", name);
    }
    checks.finish()
}

/// The fields that are there.
fn named(input: &UpdateWebhook) -> Vec<&'static str> {
    let fields = [
        ("url", input.url.is_some()),
        ("events", input.events.is_some()),
        ("inboxIds", input.inbox_ids.is_some()),
        ("description", input.description.is_some()),
        ("headers", input.headers.is_some()),
        ("hexSignatureHeader", input.hex_signature_header.is_some()),
        ("ordered", input.ordered.is_some()),
        ("enabled", input.enabled.is_some()),
    ];
    fields.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}
