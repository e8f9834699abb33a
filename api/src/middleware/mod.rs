//! What surrounds every request: its trace, its time, its metrics, and the last word on its answer.
//!
//! One layer does it all: each further one would cost the reply path a box and a clone.

mod answer;
mod trace;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use common::problem::Problem;
use futures_util::FutureExt;
use tracing::Instrument;

use crate::operation;

/// Longest time to answer a request, reading its body included.
const TIME_OUT: Duration = Duration::from_secs(30);
/// The same for an upload, which may be large and come slowly; long before its object counts as left behind.
const UPLOAD_TIME_OUT: Duration = Duration::from_secs(15 * 60);

/// Surrounds a request; see the module.
pub async fn surround(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace = trace::of(request.headers());
    request.extensions_mut().insert(trace);
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let operation = operation::id(request.method().as_str(), path);
    let uri = request.uri().clone();
    let span = operation::span(operation, trace);
    let time_out = if operation == "media.create" { UPLOAD_TIME_OUT } else { TIME_OUT };
    let answered = bounded(time_out, next.run(request)).instrument(span.clone()).await;
    span.in_scope(|| {
        let response = answer::finish(answered, trace, &uri);
        answer::record(operation, &response, started.elapsed());
        response
    })
}

/// The answer, or a problem in place of one that comes too late or not at all.
async fn bounded(time_out: Duration, work: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(time_out, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text =
                text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text");
            Problem::internal(anyhow::anyhow!("panic: {text}")).into_response()
        }
        Err(_elapsed) => {
            Problem::unavailable("timeout", "The request took too long; it may still take effect")
                .into_response()
        }
    }
}
