//! The `Idempotency-Key` header.

use axum::extract::FromRequestParts;
use common::problem::Problem;
use http::StatusCode;
use http::request::Parts;

use crate::state::AppState;

/// Longest key.
const LONGEST: usize = 255;

/// The key that the request names, if it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl FromRequestParts<AppState> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let visible = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_graphic);
        let bytes = value.as_bytes();
        let fits = values.next().is_none() && (1..=LONGEST).contains(&bytes.len()) && visible(bytes);
        let text = value.to_str().ok().filter(|_| fits).ok_or_else(|| {
            let detail = "Idempotency-Key must be one header of 1 to 255 visible ASCII characters";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", detail)
        })?;
        Ok(Self(Some(text.to_owned())))
    }
}
