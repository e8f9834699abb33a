//! `GET /media/{signed}`: a file for browsers and providers, who send no key.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use chrono::Utc;
use common::media::LinkError;
use common::problem::Problem;
use http::{HeaderMap, Method, StatusCode};

use super::serve::serve;
use crate::extract::{Named, Path};
use crate::state::AppState;

/// The last part of a link; whether it opens anything shows later.
#[derive(Debug)]
pub struct Signed(String);

impl FromStr for Signed {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for Signed {
    const NOUN: &'static str = "file";
}

/// Download a file by its link
///
/// The `url` of a file or of a message's content. It needs no key, opens one file, and only for a while.
#[utoipa::path(
    get, path = "/media/{signed}", tag = "Media",
    params(("signed" = String, Path, description = "The last part of the link")),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that `Range` asks for", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "It is the one that `If-None-Match` names"),
        (status = 403, description = "The link was not made here, or was changed (`media_link_invalid`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The link has expired (`media_link_expired`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "The file has no such part (`range_not_satisfiable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get_linked_media(
    State(state): State<AppState>,
    Path(Signed(signed)): Path<Signed>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (organization, id) = state.links.open(&signed, Utc::now()).map_err(|error| match error {
        LinkError::Invalid => {
            let detail = "The link was not made here, or was changed";
            Problem::new(StatusCode::FORBIDDEN, "media_link_invalid", detail)
        }
        LinkError::Expired => {
            Problem::new(StatusCode::GONE, "media_link_expired", "The link has expired; ask for a fresh one")
        }
    })?;
    serve(&state, organization, id, (&method, &headers)).await
}
