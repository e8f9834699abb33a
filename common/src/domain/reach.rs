//! How far a caller sees: all of its organization, or the part that is shared with it.

use uuid::Uuid;

/// What a caller may see of its organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Only what belongs to these inboxes; none means everything.
    pub inboxes: Option<Vec<Uuid>>,
    /// Only conversations that are this user's.
    pub assignee: Option<Uuid>,
}

impl Reach {
    /// All of the organization.
    pub const EVERYTHING: Self = Self { inboxes: None, assignee: None };

    /// Whether an inbox is in it.
    pub fn inbox(&self, id: Uuid) -> bool {
        self.inboxes.as_ref().is_none_or(|inboxes| inboxes.contains(&id))
    }

    /// Whether a conversation is in it, by its inbox and its assignee.
    pub fn conversation(&self, inbox: Uuid, assignee: Option<Uuid>) -> bool {
        self.inbox(inbox) && self.assignee.is_none_or(|user| assignee == Some(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reach_ends_at_its_inboxes_and_its_assignee() {
        let (inbox, user) = (Uuid::now_v7(), Uuid::now_v7());
        let reach = Reach { inboxes: Some(vec![inbox]), assignee: Some(user) };
        assert!(reach.conversation(inbox, Some(user)));
        assert!(!reach.conversation(inbox, None) && !reach.conversation(Uuid::now_v7(), Some(user)));
        assert!(Reach::EVERYTHING.conversation(inbox, None));
        assert!(!Reach { inboxes: Some(Vec::new()), assignee: None }.inbox(inbox));
    }
}
