//! Which events a reader wants.

use common::db::event_log::Head;
use common::db::{Error, conversations};
use common::domain::ids::{ConversationId, UserId};
use common::domain::principal::Principal;
use deadpool_postgres::Pool;
use serde_json::Value;
use uuid::Uuid;

/// Which events a reader wants; nothing named means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these types.
    pub types: Vec<String>,
    /// Of these inboxes.
    pub inboxes: Vec<Uuid>,
    /// Of these conversations.
    pub conversations: Vec<Uuid>,
}

/// Whether a caller may see an event at all: a visitor sees what concerns the conversations within its reach, and that one has
/// just left it.
///
/// # Errors
/// When the database fails.
pub async fn is_visible(pool: &Pool, caller: &Principal, head: &Head, json: &str) -> Result<bool, Error> {
    if caller.credential.guest().is_none() {
        return Ok(true);
    }
    let (Some(inbox), Some(conversation)) = (head.inbox, head.conversation) else { return Ok(false) };
    if !caller.sees.inbox(inbox) {
        return Ok(false);
    }
    let Some(user) = caller.sees.assignee else { return Ok(true) };
    if matches!(head.kind.as_str(), "conversation.assigned" | "conversation.unassigned") {
        let event: Value = serde_json::from_str(json).map_err(|error| Error::Stored(error.to_string()))?;
        if event["data"]["previousAssigneeId"] == UserId(user).to_string() {
            return Ok(true);
        }
    }
    let client = pool.get().await?;
    conversations::exists(&client, caller.organization, &caller.sees, ConversationId(conversation)).await
}

impl Filter {
    /// Whether an event is wanted.
    pub fn wants(&self, head: &Head) -> bool {
        let among = |ids: &[Uuid], id: Option<Uuid>| ids.is_empty() || id.is_some_and(|id| ids.contains(&id));
        (self.types.is_empty() || self.types.contains(&head.kind))
            && among(&self.inboxes, head.inbox)
            && among(&self.conversations, head.conversation)
    }
}
