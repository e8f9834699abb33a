//! The trace id of a request: the caller's, or a fresh one.

use common::trace::TraceId;
use http::HeaderMap;

/// The trace id in `traceparent`, or a fresh one.
pub(super) fn of(headers: &HeaderMap) -> TraceId {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.and_then(TraceId::from_traceparent).unwrap_or_else(TraceId::random)
}
