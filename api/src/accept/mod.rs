//! Accepting replies: durable, checked and in their lane before the 202.
//!
//! Concurrent requests share one transaction (`common::batch`): their lanes are locked in id order and loaded in one round
//! trip, each request is decided by itself, and everything is written and committed in a second one.

mod admission;
mod answer;
mod group;
mod referred;
pub mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use common::batch::{Batcher, Execute, Limits, Rejected};
use common::domain::content::Content;
use common::domain::ids::{ConversationId, MessageId};
use common::domain::principal::Principal;
use common::outbox::Outbox;
use common::problem::Problem;
use common::shutdown::Shutdown;
use common::trace::TraceId;
use deadpool_postgres::Pool;

use group::Writer;

/// Groups in flight, most requests of a group, most requests waiting.
const LIMITS: Limits = Limits { writers: 3, group: 64, waiting: 4_096 };

/// A reply that has been read and whose sender is known.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Who sends it.
    pub principal: Principal,
    /// Where to.
    pub conversation: ConversationId,
    /// What.
    pub content: Content,
    /// The quoted message.
    pub reply_to: Option<MessageId>,
    /// When it is given up; 24 hours from now by default.
    pub expires_at: Option<DateTime<Utc>>,
    /// The client's own reference.
    pub client_reference: Option<String>,
    /// The client's idempotency key and the SHA-256 of the body.
    pub idempotency: Option<(String, [u8; 32])>,
    /// The request's trace.
    pub trace: TraceId,
}

/// The answer to an accepted reply, or the repeated first answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON of the message, or of the problem that a repeated request met before.
    pub body: Bytes,
    /// The message's path.
    pub location: Option<String>,
    /// Whether this repeats the first answer to the same idempotency key.
    pub replayed: bool,
}

/// Accepts replies; cheap to clone.
#[derive(Clone)]
pub struct Acceptor {
    batcher: Batcher<Reply, Result<Answer, Problem>>,
}

impl Acceptor {
    /// Starts the writers.
    pub fn start(pool: &Pool, outbox: &Outbox, readmit: std::time::Duration, shutdown: &Shutdown) -> Self {
        let writer = Arc::new(Writer::new(pool.clone(), outbox.clone(), readmit));
        let execute: Execute<_, _> = Arc::new(move |replies| {
            let writer = writer.clone();
            Box::pin(async move { writer.accept(replies).await })
        });
        Self { batcher: Batcher::start(LIMITS, shutdown, &execute) }
    }

    /// Accepts a reply: once this answers, it is stored, in order, and will be delivered.
    ///
    /// # Errors
    /// 404 for a conversation that is not there, 409 for a reused idempotency key, 422 for a closed window, for content that
    /// the channel cannot carry, or for a quoted message that is not there, 503 when the database is away or too much is waiting.
    pub async fn reply(&self, reply: Reply) -> Result<Answer, Problem> {
        match self.batcher.try_submit(reply).await {
            Ok(answer) => answer,
            Err(Rejected::Full) => Err(Problem::unavailable(
                "too_much_waiting",
                "More requests are waiting than can be accepted right now",
            )),
            Err(Rejected::Stopped) => Err(Problem::unavailable("stopping", "The server is restarting")),
        }
    }
}
