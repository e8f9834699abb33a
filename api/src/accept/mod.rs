//! Accepting what clients want sent, and what they want done about it: durable, checked and in its lane before the answer.
//!
//! Concurrent requests share one transaction (`common::batch`): their lanes are locked in id order and loaded in one round
//! trip, each request is decided by itself, and everything is written and committed in a second one. Replies, first
//! messages of a conversation, retries and cancelations go the same way; only a conversation that begins costs more.

mod admission;
mod answer;
mod callers;
mod decide;
mod existing;
mod group;
mod load;
mod referred;
mod round;
mod send;
pub mod templates;
pub mod uploads;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use common::batch::{Batcher, Execute, Limits, Rejected};
use common::channels::Channel;
use common::crypto::shared::SessionName;
use common::domain::content::Content;
use common::domain::ids::{ContactId, ConversationId, InboxId, MessageId, OrganizationId};
use common::domain::postponed::ClosedWindow;
use common::domain::principal::{Credential, Principal};
use common::outbox::Outbox;
use common::problem::Problem;
use common::shutdown::Shutdown;
use common::trace::TraceId;
use deadpool_postgres::Pool;

use crate::auth::Sessions;
pub use answer::Answer;
use group::Writer;

/// Groups in flight, most requests of a group, most requests waiting.
const LIMITS: Limits = Limits { writers: 3, group: 64, waiting: 4_096 };

/// A request that has been read and whose sender is known.
#[derive(Debug)]
pub struct Submission {
    /// Who asks.
    pub asker: Asker,
    /// Method and path template, under which its idempotency key is kept.
    pub route: &'static str,
    /// In which conversation.
    pub target: Target,
    /// For what.
    pub act: Act,
    /// The client's idempotency key and the SHA-256 of what it asks for.
    pub idempotency: Option<(String, [u8; 32])>,
    /// The request's trace.
    pub trace: TraceId,
}

/// Who asks: known already, or to be looked up with what the request is about.
#[derive(Debug, Clone)]
pub enum Asker {
    /// The caller.
    Known(Arc<Principal>),
    /// A session of a link or embed: whether it holds, and what it may do, is asked together with the work.
    Session(SessionName),
}

impl Asker {
    /// The organization.
    pub fn organization(&self) -> OrganizationId {
        match self {
            Self::Known(principal) => principal.organization,
            Self::Session(name) => name.organization,
        }
    }

    /// What was presented.
    pub fn credential(&self) -> Credential {
        match self {
            Self::Known(principal) => principal.credential,
            Self::Session(name) => name.guest.into(),
        }
    }
}

/// The conversation that a request is about.
#[derive(Debug)]
pub enum Target {
    /// This one.
    Conversation(ConversationId),
    /// The one with a contact who had none when the request was read.
    Beginning(Beginning),
    /// None: the request is refused, unless it repeats one that was answered otherwise.
    Nowhere(Box<Problem>),
}

/// A conversation that may have to begin.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The inbox that it belongs to.
    pub inbox: InboxId,
    /// The inbox's channel.
    pub channel: Channel,
    /// The contact's address in its normal form.
    pub address: String,
    /// The contact and its name, if it is known from elsewhere.
    pub contact: Option<(ContactId, Option<String>)>,
}

/// What is asked for.
#[derive(Debug)]
pub enum Act {
    /// To send a message.
    Send(Box<Draft>),
    /// To try a failed message again.
    Retry(MessageId),
    /// Not to send a message that has not left.
    Cancel(MessageId),
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What.
    pub content: Content,
    /// The quoted message.
    pub reply_to: Option<MessageId>,
    /// What becomes of it if the reply window is closed.
    pub closed_window: ClosedWindow,
    /// When it is to leave; at once by default.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// When it is given up; 24 hours after it got in line by default.
    pub expires_at: Option<DateTime<Utc>>,
    /// The client's own reference.
    pub client_reference: Option<String>,
    /// The inbox that the client named, which must be the conversation's.
    pub inbox: Option<InboxId>,
}

/// Accepts submissions; cheap to clone.
#[derive(Clone)]
pub struct Acceptor {
    batcher: Batcher<Submission, Result<Answer, Problem>>,
}

impl Acceptor {
    /// Starts the writers.
    pub fn start(pool: &Pool, outbox: &Outbox, readmit: std::time::Duration, shutdown: &Shutdown) -> Self {
        let sessions = Sessions::new(pool, shutdown);
        let writer = Arc::new(Writer::new(pool.clone(), outbox.clone(), sessions, readmit));
        let execute: Execute<_, _> = Arc::new(move |submissions| {
            let writer = writer.clone();
            Box::pin(async move { writer.accept(submissions).await })
        });
        Self { batcher: Batcher::start(LIMITS, shutdown, &execute) }
    }

    /// Accepts a submission: once this answers, what it asks for is stored, in order, and will happen.
    ///
    /// # Errors
    /// 401 and 403 for a session that does not hold or may not do this, 404 for a conversation or message that is not there, 409 for a reused idempotency key or a message that is beyond what
    /// is asked, 422 for a closed window or content that the channel cannot carry, 503 when the database is away or too much
    /// is waiting.
    pub async fn submit(&self, submission: Submission) -> Result<Answer, Problem> {
        match self.batcher.try_submit(submission).await {
            Ok(answer) => answer,
            Err(Rejected::Full) => Err(Problem::unavailable(
                "too_much_waiting",
                "More requests are waiting than can be accepted right now",
            )),
            Err(Rejected::Stopped) => Err(Problem::unavailable("stopping", "The server is restarting")),
        }
    }
}
