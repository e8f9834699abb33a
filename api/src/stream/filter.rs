//! Which events a reader wants.

use common::db::event_log::Head;
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

impl Filter {
    /// Whether an event is wanted.
    pub fn wants(&self, head: &Head) -> bool {
        let among = |ids: &[Uuid], id: Option<Uuid>| ids.is_empty() || id.is_some_and(|id| ids.contains(&id));
        (self.types.is_empty() || self.types.contains(&head.kind))
            && among(&self.inboxes, head.inbox)
            && among(&self.conversations, head.conversation)
    }
}
