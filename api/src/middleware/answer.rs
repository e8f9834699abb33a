//! The last word on an answer: problems get trace and instance, headers are added, the outcome is counted and logged.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use common::metrics;
use common::problem::Problem;
use common::trace::TraceId;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
const PAGE: &str = "text/html; charset=utf-8";
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Completes an answer.
pub(super) fn finish(response: Response, trace: TraceId, uri: &Uri) -> Response {
    let mut response = complete_problem(as_problem(response), trace, uri);
    let headers = response.headers_mut();
    if let (Ok(id), Ok(parent)) = (trace.to_string().try_into(), trace.traceparent().try_into()) {
        headers.insert(TRACE_ID, id);
        headers.insert(TRACEPARENT, parent);
    }
    secure(headers, uri.path());
    response
}

/// Gives the router's own bare refusals a body.
fn as_problem(response: Response) -> Response {
    // A page for people says itself what is wrong.
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PAGE);
    if is_page || response.extensions().get::<Arc<Problem>>().is_some() {
        return response;
    }
    let problem = match response.status() {
        StatusCode::NOT_FOUND => {
            Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let detail = "This path does not take this method";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        }
        _ => return response,
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut response = problem.into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn complete_problem(mut response: Response, trace: TraceId, uri: &Uri) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() else { return response };
    log(&problem);
    let body = problem.body(Some(trace.to_string()), Some(without_token(uri.path()).to_owned()));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    match serde_json::to_vec(&body) {
        Ok(bytes) => *response.body_mut() = Body::from(bytes),
        Err(error) => tracing::error!(%error, "a problem could not be written"),
    }
    response
}

fn log(problem: &Problem) {
    let (status, code, cause) = (problem.status.as_u16(), problem.code, problem.cause.as_ref());
    match cause {
        Some(cause) if problem.status == StatusCode::INTERNAL_SERVER_ERROR => {
            tracing::error!(status, code, cause = format!("{cause:#}"), "the request failed");
        }
        Some(cause) => {
            tracing::warn!(status, code, cause = format!("{cause:#}"), "the request was not served")
        }
        None => tracing::info!(status, code, "the request was refused"),
    }
}

/// Headers that keep browsers from doing more with an answer than it is meant for.
fn secure(headers: &mut HeaderMap, path: &str) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // It knows no list: an embed's own policy says who may frame it.
    if !is_embed(path) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    let policy = if path.starts_with("/docs") {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        "default-src 'none'; frame-ancestors 'none'"
    };
    // A file's own policy is stricter still.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
}

/// A path without the token that it may end in, which opens an inbox to whoever reads it.
fn without_token(path: &str) -> &str {
    ["/shared/inbox", "/embed"].into_iter().find(|page| path.starts_with(page)).unwrap_or(path)
}

fn is_embed(path: &str) -> bool {
    path == "/embed" || path.starts_with("/embed/")
}

/// Counts an answer.
pub(super) fn record(operation: &'static str, response: &Response, took: Duration) {
    let metrics = metrics::get();
    metrics.http_requests.with_label_values(&[operation, response.status().as_str()]).inc();
    metrics.http_seconds.with_label_values(&[operation]).observe(took.as_secs_f64());
    tracing::debug!(status = response.status().as_u16(), micros = took.as_micros(), "answered");
}
