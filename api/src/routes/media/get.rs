//! `GET /v1/media/{id}`: the bytes of a file.

use axum::extract::State;
use axum::response::Response;
use common::db::media;
use common::domain::ids::MediaId;
use common::problem::Problem;
use http::{HeaderMap, Method};

use super::serve::serve;
use crate::auth::{Allowed, rights::MediaRead};
use crate::extract::Path;
use crate::state::AppState;

/// Download a file
///
/// The bytes of a file that was uploaded, or that a contact sent. `Range` is taken, also with `If-Range`; `If-None-Match`
/// answers 304.
#[utoipa::path(
    get, path = "/v1/media/{id}", tag = "Media",
    extensions(("x-required-scopes" = json!(["media:read"]))),
    params(("id" = String, Path, description = "Id of the file", example = "med_01KASDQ0Y4E9GTHSRQ3QWS9E3B")),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that `Range` asks for", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "It is the one that `If-None-Match` names"),
        (status = 416, description = "The file has no such part (`range_not_satisfiable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn get_media(
    caller: Allowed<MediaRead>,
    State(state): State<AppState>,
    Path(id): Path<MediaId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(guest) = caller.credential.guest()
        && !media::is_within(&state.db().await?, caller.organization, (&caller.sees, guest), id).await?
    {
        return Err(Problem::not_found("file"));
    }
    serve(&state, caller.organization, id, (&method, &headers)).await
}
