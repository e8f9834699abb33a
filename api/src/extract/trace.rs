//! The trace id of the request.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use common::trace::TraceId;
use http::request::Parts;

use crate::state::AppState;

/// The trace id that the outermost layer gave the request.
#[derive(Debug, Clone, Copy)]
pub struct Trace(pub TraceId);

impl FromRequestParts<AppState> for Trace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().copied().unwrap_or_else(TraceId::random)))
    }
}
