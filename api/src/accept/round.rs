//! Rounds: the parts of a group that may share a transaction.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Submission, Target};

/// A submission with the conversation that it turned out to be about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// What is asked.
    pub asked: &'a Submission,
    /// The conversation; nil if there is none.
    pub conversation: Uuid,
}

/// Submissions that may share a transaction, by their places in the group.
pub(super) struct Round<'a> {
    /// Whether conversations may begin: those go by themselves, because an address is taken before any lane is locked.
    pub begins: bool,
    /// The places.
    pub places: Vec<usize>,
    keys: HashSet<(Uuid, &'static str, &'a str)>,
}

impl<'a> Item<'a> {
    /// A submission whose conversation is known, if any.
    pub(super) fn of(asked: &'a Submission) -> Self {
        let conversation = match &asked.target {
            Target::Conversation(id) => id.0,
            Target::Beginning(_) | Target::Nowhere(_) => Uuid::nil(),
        };
        Self { asked, conversation }
    }
}

/// Splits a group so that no idempotency key stands twice in a round: requests that repeat one wait for its answer.
pub(super) fn split(group: &[Submission]) -> Vec<Round<'_>> {
    let mut rounds: Vec<Round<'_>> = Vec::new();
    for (place, asked) in group.iter().enumerate() {
        let begins = matches!(asked.target, Target::Beginning(_));
        let key = asked
            .idempotency
            .as_ref()
            .map(|(key, _)| (asked.asker.credential().id(), asked.route, key.as_str()));
        let fits =
            |round: &Round<'_>| round.begins == begins && key.is_none_or(|key| !round.keys.contains(&key));
        let index = rounds.iter().position(fits).unwrap_or_else(|| {
            rounds.push(Round { begins, places: Vec::new(), keys: HashSet::new() });
            rounds.len() - 1
        });
        rounds[index].keys.extend(key);
        rounds[index].places.push(place);
    }
    rounds
}
