//! `DELETE /v1/webhooks/{id}`.

use axum::extract::State;
use common::db::{self, audit, webhooks};
use common::domain::ids::WebhookId;
use common::problem::Problem;
use http::StatusCode;

use super::{entry, unknown};
use crate::auth::{Allowed, rights::WebhookDelete};
use crate::extract::{Path, Trace};
use crate::state::AppState;

/// Delete a webhook
///
/// Nothing more is posted to it; what is on its way may still arrive. Its secrets and deliveries are gone with it.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "Webhooks",
    extensions(("x-required-scopes" = json!(["webhook:delete"]))),
    params(("id" = String, Path, description = "Id of the webhook", example = "whk_01KASDQ2M3T4V5W6X7Y8Z9A0BC")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete_webhook(
    caller: Allowed<WebhookDelete>,
    State(state): State<AppState>,
    Trace(trace): Trace,
    Path(id): Path<WebhookId>,
) -> Result<StatusCode, Problem> {
    let mut client = state.db().await?;
    let tx = client.transaction().await.map_err(db::Error::from)?;
    if !webhooks::delete(&tx, caller.organization, id).await? {
        return Err(unknown());
    }
    audit::insert(&tx, &entry(&caller, "webhook.delete", id, trace, None)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}
