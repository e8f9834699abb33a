//! `POST /v1/webhooks/{id}/replays` and `GET /v1/webhooks/{id}/replays/{replayId}`.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use common::db::webhook_replays::{self, Asked, Replay};
use common::db::{self, audit, idempotency::Answer, webhooks};
use common::domain::ids::{WebhookId, WebhookReplayId};
use common::domain::principal::Principal;
use common::problem::{Problem, Timestamp};
use common::trace::TraceId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{disabled, entry, request, unknown};
use crate::auth::{
    Allowed,
    rights::{WebhookRead, WebhookUpdate},
};
use crate::extract::{IdempotencyKey, Json, Nested, Path, Trace};
use crate::idempotency::{Once, Stopped};
use crate::problems;
use crate::state::AppState;

/// What is to be posted again: the events of a time, or whatever has failed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z" }))]
pub struct ReplayWebhook {
    /// Events that happened at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Events that happened before this time; now unless said otherwise.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// True for every delivery that has failed; not together with times.
    failed: Option<bool>,
}

/// A replay.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookReplay)]
pub struct ReplayView {
    /// Id.
    #[schema(value_type = String, example = "whr_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    id: WebhookReplayId,
    /// The endpoint.
    #[schema(value_type = String, example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")]
    webhook_id: WebhookId,
    /// From this time; null for what has failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Up to this time; null for what has failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// `running` or `done`: whether everything is queued.
    #[schema(example = "running")]
    status: &'static str,
    /// Deliveries queued so far.
    queued: i64,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    created_at: Timestamp,
    /// When everything was queued.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl From<Replay> for ReplayView {
    fn from(replay: Replay) -> Self {
        Self {
            id: replay.id,
            webhook_id: replay.webhook,
            from: replay.from.map(Timestamp),
            to: replay.to.map(Timestamp),
            status: if replay.ended_at.is_some() { "done" } else { "running" },
            queued: replay.queued,
            created_at: Timestamp(replay.created_at),
            ended_at: replay.ended_at.map(Timestamp),
        }
    }
}

/// Replay to a webhook
///
/// Posts the events of a time that the webhook asks for, whether they were posted before or not (it was disabled, or not there
/// yet), or every delivery that has failed. Each keeps its `webhook-id`. Deliveries that are still tried are left alone, as are failed
/// ones whose event is no longer kept.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replays", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:update"]))),
    params(("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")),
    request_body = ReplayWebhook,
    responses(
        (status = 202, description = "They are queued", body = ReplayView, headers(("Location" = String))),
        (status = 410, description = "Events of that time are no longer kept (`events_gone`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn replay_webhook(
    caller: Allowed<WebhookUpdate>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    key: IdempotencyKey,
    Path(id): Path<WebhookId>,
    Json(input, body): Json<ReplayWebhook>,
) -> Result<Response, Problem> {
    let once = Once::new(&caller, "POST /v1/webhooks/{id}/replays", key, &request(&[id.0], &body));
    once.answer(&state.pool, replay(&state, &caller, &once, (id, input), trace)).await
}

async fn replay(
    state: &AppState,
    caller: &Principal,
    once: &Once,
    (id, input): (WebhookId, ReplayWebhook),
    trace: TraceId,
) -> Result<Answer, Stopped> {
    let range = range(&input)?;
    let mut client = state.db().await?;
    let tx = client.transaction().await?;
    once.claim(&tx).await?;
    let webhook = webhooks::lock(&tx, caller.organization, id).await?.ok_or_else(unknown)?;
    if !webhook.enabled {
        return Err(disabled().into());
    }
    let of = (caller.organization, id);
    let replay = match range {
        Some((from, to)) => match webhook_replays::insert_range(&tx, of, (from.0, to.0)).await? {
            Asked::Replay(replay) => replay,
            Asked::Purged(last) => return Err(purged(last).into()),
        },
        None => webhook_replays::insert_failed(&tx, of).await?,
    };
    let detail = json!({ "replayId": replay.id, "from": range.map(|range| range.0), "to": range.map(|range| range.1) });
    audit::insert(&tx, &entry(caller, "webhook.replay", id, trace, Some(detail))).await?;
    let location = format!("/v1/webhooks/{id}/replays/{}", replay.id);
    let view = ReplayView::from(replay);
    let answer = once.fill(&tx, StatusCode::ACCEPTED, &view, Some(location)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(answer)
}

fn purged(last: DateTime<Utc>) -> Problem {
    let last = last.to_rfc3339_opts(SecondsFormat::Millis, true);
    problems::events_gone("from", format!("Events up to {last} are no longer kept"))
}

/// The times that are asked for; none for what has failed.
fn range(input: &ReplayWebhook) -> Result<Option<(Timestamp, Timestamp)>, Problem> {
    match (input.from, input.to, input.failed.unwrap_or(false)) {
        (None, None, true) => Ok(None),
        (_, _, true) => Err(Problem::invalid("failed", "conflict", "must not come with times")),
        (None, _, false) => Err(Problem::required("from")),
        (Some(from), to, false) => {
            let to = to.unwrap_or(Timestamp(Utc::now()));
            if from >= to {
                return Err(Problem::invalid("from", "order", "must be before to, and not in the future"));
            }
            Ok(Some((from, to)))
        }
    }
}

/// Get a webhook's replay
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/replays/{replayId}", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:read"]))),
    params(
        ("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
        ("replayId" = String, Path, description = "Id of the replay", example = "whr_01KASDQ2M3T4V5W6X7Y8Z9A0BC"),
    ),
    responses((status = 200, description = "How far it is", body = ReplayView))
)]
pub async fn get_webhook_replay(
    caller: Allowed<WebhookRead>,
    State(state): State<AppState>,
    Nested(id, replay): Nested<WebhookId, WebhookReplayId>,
) -> Result<axum::Json<ReplayView>, Problem> {
    let client = state.db().await?;
    webhooks::find(&client, caller.organization, id).await?.ok_or_else(unknown)?;
    let found = webhook_replays::find(&client, (caller.organization, id), replay).await?;
    found.map(|replay| axum::Json(replay.into())).ok_or_else(|| Problem::not_found("replay"))
}
