//! Messages, and what happened to them.

pub mod cancel;
pub mod draft;
pub mod get;
pub mod list;
pub mod media;
mod recipient;
pub mod retry;
pub mod start;

use common::db::messages;
use common::domain::ids::MessageId;
use common::problem::Problem;
use common::trace::TraceId;
use sha2::{Digest, Sha256};

use crate::accept::{Act, Answer, Asker, Submission, Target};
use crate::state::AppState;

/// Does something about a message that is there.
async fn act_on(
    state: &AppState,
    asker: Asker,
    id: MessageId,
    (route, act): (&'static str, Act),
    (key, trace): (Option<String>, TraceId),
) -> Result<Answer, Problem> {
    // Its conversation never changes, so it may be asked for before the lane is locked.
    let client = state.db().await?;
    let conversation = messages::find_conversation(&client, asker.organization(), id).await?;
    drop(client);
    let target = conversation
        .map_or_else(|| Target::Nowhere(Box::new(Problem::not_found("message"))), Target::Conversation);
    let idempotency = key.map(|key| (key, Sha256::digest(id.0.as_bytes()).into()));
    let submission = Submission { asker, route, target, act, idempotency, trace };
    state.acceptor.submit(submission).await
}
