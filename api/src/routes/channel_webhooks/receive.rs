//! `POST /channels/{channel}/webhook`: the provider tells what happened.

use axum::extract::{Request, State};
use common::channels::Channel;
use common::problem::Problem;
use http::StatusCode;

use crate::extract::{Path, Trace, read_body};
use crate::state::AppState;

/// Most bytes of a webhook: Meta sends up to 3 MB.
const BODY_LIMIT: usize = 4 << 20;

/// Take a channel's webhook in
///
/// Called by the provider, signed with the secret of the connection. Answered 200 once it is stored.
#[utoipa::path(
    post, path = "/channels/{channel}/webhook", tag = "Channel webhooks",
    params(("channel" = String, Path, description = "The channel", example = "whatsapp")),
    request_body(content = serde_json::Value, description = "The provider's payload", content_type = "application/json"),
    responses(
        (status = 200, description = "Stored"),
        (status = 401, description = "Nothing in it is signed with the secret of the connection it concerns",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 4 MiB",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "It could not be stored; the provider delivers it again",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn receive_channel_webhook(
    State(state): State<AppState>,
    Path(channel): Path<Channel>,
    Trace(trace): Trace,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body, BODY_LIMIT).await?;
    state.intake.receive(channel, &parts.headers, body, trace).await?;
    Ok(StatusCode::OK)
}
