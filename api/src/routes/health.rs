//! `GET /healthz` and `GET /readyz`: whether the process answers, and what it lacks.

use axum::extract::State;
use axum::response::Response;
use common::internal;

use crate::state::AppState;

/// Whether the process answers
#[utoipa::path(get, path = "/healthz", tag = "Health", responses((status = 200, description = "It does", body = String)))]
pub async fn get_health() -> &'static str {
    internal::health().await
}

/// What the process needs, and whether it has it
///
/// The process stays ready while PostgreSQL or RabbitMQ is away, and says so: channel webhooks are still taken in.
#[utoipa::path(
    get, path = "/readyz", tag = "Health",
    responses(
        (status = 200, description = "It can be used", content_type = "application/json", example = json!({
            "ready": true, "parts": { "postgresql": { "ok": true, "required": false, "detail": "connected" } },
        })),
        (status = 503, description = "It cannot be used; the parts say why", content_type = "application/json"),
    )
)]
pub async fn get_readiness(State(state): State<AppState>) -> Response {
    internal::ready(State(state.readiness.clone())).await
}
