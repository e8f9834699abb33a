//! `POST /channels/{channel}/webhook`: the provider tells what happened.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use common::channels::Channel;
use common::channels::rcs::verify::{Handshake, handshake};
use common::intake::SignedHeaders;
use common::problem::Problem;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::extract::{Path, Trace, read_body};
use crate::state::AppState;

/// Most bytes of a webhook: Meta sends up to 3 MB.
const BODY_LIMIT: usize = 4 << 20;

/// An answer that tells the provider of texts to do nothing.
const NOTHING_TO_SAY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

/// Take a channel's webhook in
///
/// Called by the provider, signed with the secret of the connection. Answered 200 once it is stored; texts, whose provider
/// would act on the answer, with an empty `<Response/>`. On `rcs` the provider's handshake comes here too, `clientToken` with a
/// `secret`, and is answered that secret.
#[utoipa::path(
    post, path = "/channels/{channel}/webhook", tag = "Channel webhooks",
    params(("channel" = String, Path, description = "The channel", example = "whatsapp")),
    request_body(description = "The provider's payload: JSON, or a form on `text`", content(
        (serde_json::Value = "application/json"),
        (Object = "application/x-www-form-urlencoded"),
    )),
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
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body, BODY_LIMIT).await?;
    if let Some(asked) = (channel == Channel::Rcs).then(|| handshake(&body)).flatten() {
        return answer(&state, channel, &asked).await;
    }
    let headers = SignedHeaders::of(&parts.uri, &parts.headers);
    state.intake.receive(channel, headers, body, trace).await?;
    Ok(match channel {
        Channel::Whatsapp | Channel::Messenger | Channel::Instagram | Channel::Rcs => {
            StatusCode::OK.into_response()
        }
        Channel::Text => ([(CONTENT_TYPE, "text/xml")], NOTHING_TO_SAY).into_response(),
    })
}

/// Answers the question whether the address is ours, which comes unsigned.
async fn answer(state: &AppState, channel: Channel, asked: &Handshake) -> Result<Response, Problem> {
    if !state.verify_tokens.any(state, channel, |token| asked.carries(token)).await? {
        let detail = "No connection of this channel has this client token";
        return Err(Problem::new(StatusCode::FORBIDDEN, "verify_token_mismatch", detail));
    }
    Ok(asked.secret().to_owned().into_response())
}
