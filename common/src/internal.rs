//! The internal listener of every process: `/metrics`, `/healthz`, `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;

/// What this process needs, and whether it has it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<RwLock<BTreeMap<&'static str, Part>>>);

/// One thing a process needs.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Part {
    /// Whether it is there.
    pub ok: bool,
    /// Whether the process is of no use without it.
    pub required: bool,
    /// More, for people.
    pub detail: String,
}

/// The body of `/readyz`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether every required part is there.
    pub ready: bool,
    /// Each part by name.
    pub parts: BTreeMap<&'static str, Part>,
}

impl Readiness {
    /// Notes how a part stands.
    pub fn set(&self, name: &'static str, required: bool, ok: bool, detail: impl Into<String>) {
        if let Ok(mut parts) = self.0.write() {
            parts.insert(name, Part { ok, required, detail: detail.into() });
        }
    }

    /// How everything stands.
    pub fn report(&self) -> Report {
        let parts = self.0.read().map(|parts| parts.clone()).unwrap_or_default();
        Report { ready: parts.values().all(|part| part.ok || !part.required), parts }
    }
}

/// `GET /readyz`: 200 or 503, with every part.
pub async fn ready(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(report)).into_response()
}

/// `GET /healthz`: the process answers.
pub async fn health() -> &'static str {
    "ok"
}

async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], crate::metrics::get().render()).into_response()
}

/// Serves the internal listener until the process stops.
pub fn serve(listener: TcpListener, readiness: Readiness, shutdown: &Shutdown) {
    let app = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .with_state(readiness);
    let token = shutdown.token.clone();
    shutdown.spawn(async move {
        let stopped = axum::serve(listener, app).with_graceful_shutdown(token.cancelled_owned()).await;
        if let Err(error) = stopped {
            tracing::error!(%error, "the internal listener failed");
        }
    });
}
