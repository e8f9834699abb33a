//! `POST /v1/messages/{id}/cancel`: ends a message that has not left.

use axum::extract::State;
use common::domain::ids::MessageId;
use common::domain::view::MessageView;
use common::problem::Problem;

use super::act_on;
use crate::accept::{Act, Answer};
use crate::auth::Claimed;
use crate::extract::{IdempotencyKey, Path, Trace};
use crate::state::AppState;

/// Cancel a message
///
/// While it has not left: in line, scheduled, held, or waiting for its next try. It ends as `failed` with `failure.code` `canceled`;
/// canceling it again answers the same.
#[utoipa::path(
    post, path = "/v1/messages/{id}/cancel", tag = "Messages",
    extensions(("x-required-scopes" = json!(["message:create"]))),
    params(("id" = String, Path, description = "Id of the message", example = "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B")),
    responses(
        (status = 200, description = "The message, canceled", body = MessageView),
        (status = 404, description = "There is no such message in your organization",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The message is on its way to the channel, or has ended (`not_cancelable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn cancel_message(
    Claimed(asker): Claimed,
    State(state): State<AppState>,
    Trace(trace): Trace,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<MessageId>,
) -> Result<Answer, Problem> {
    let act = ("POST /v1/messages/{id}/cancel", Act::Cancel(id));
    act_on(&state, asker, id, act, (key, trace)).await
}
