//! `POST /v1/messages/{id}/retry`: tries a failed message again.

use axum::extract::State;
use common::domain::ids::MessageId;
use common::domain::view::MessageView;
use common::problem::Problem;

use super::act_on;
use crate::accept::{Act, Answer};
use crate::auth::Claimed;
use crate::extract::{IdempotencyKey, Path, Trace};
use crate::state::AppState;

/// Retry a failed message
///
/// Begins a new generation of the message: its status is `pending` again, its tries are counted anew, it expires 24 hours from now, and
/// it stands at the end of its conversation's line. The reply window is checked as for a reply, with what `onClosedWindow` the
/// message came with.
#[utoipa::path(
    post, path = "/v1/messages/{id}/retry", tag = "Messages",
    extensions(("x-required-scopes" = json!(["message:create"]))),
    params(("id" = String, Path, description = "Id of the message", example = "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B")),
    responses(
        (status = 202, description = "In line again", body = MessageView, headers(("Location" = String))),
        (status = 404, description = "There is no such message in your organization",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The message has not failed, or a try at delivering it is still under way (`not_retryable`)",
            body = common::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn retry_message(
    Claimed(asker): Claimed,
    State(state): State<AppState>,
    Trace(trace): Trace,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<MessageId>,
) -> Result<Answer, Problem> {
    let act = ("POST /v1/messages/{id}/retry", Act::Retry(id));
    act_on(&state, asker, id, act, (key, trace)).await
}
