//! `GET /channels/{channel}/webhook`: the provider asks whether the address is ours.

use axum::extract::State;
use common::channels::Channel;
use common::channels::meta::verify::{Handshake, InvalidHandshake, handshake};
use common::problem::Problem;
use http::{StatusCode, Uri};

use crate::extract::Path;
use crate::problems;
use crate::state::AppState;

/// Answer the provider's handshake
///
/// The provider calls this when the webhook's address is entered there, with the verify token of a connection. Texts have no
/// handshake, and RCS asks by a POST (404).
#[utoipa::path(
    get, path = "/channels/{channel}/webhook", tag = "Channel webhooks",
    params(
        ("channel" = String, Path, description = "The channel", example = "whatsapp"),
        ("hub.mode" = String, Query, description = "`subscribe`", example = "subscribe"),
        ("hub.verify_token" = String, Query, description = "The verify token of a connection"),
        ("hub.challenge" = String, Query, description = "What to answer", example = "1158201444"),
    ),
    responses(
        (status = 200, description = "The challenge", body = String, content_type = "text/plain"),
        (status = 403, description = "No connection of the channel has this verify token",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn verify_channel_webhook(
    State(state): State<AppState>,
    Path(channel): Path<Channel>,
    uri: Uri,
) -> Result<String, Problem> {
    let handshake = read(channel, uri.query().unwrap_or_default())?;
    if !state.verify_tokens.any(&state, channel, |token| handshake.carries(token)).await? {
        let detail = "No connection of this channel has this verify token";
        return Err(Problem::new(StatusCode::FORBIDDEN, "verify_token_mismatch", detail));
    }
    Ok(handshake.challenge().to_owned())
}

fn read(channel: Channel, query: &str) -> Result<Handshake, Problem> {
    let read = match channel {
        Channel::Whatsapp | Channel::Messenger | Channel::Instagram => handshake(query),
        // RCS asks in the body of a webhook.
        Channel::Text | Channel::Rcs => return Err(Problem::not_found("handshake")),
    };
    read.map_err(|invalid| {
        let field = match invalid {
            InvalidHandshake::Mode => "hub.mode",
            InvalidHandshake::Token => "hub.verify_token",
            InvalidHandshake::Challenge => "hub.challenge",
        };
        problems::parameter(field, invalid.to_string())
    })
}
