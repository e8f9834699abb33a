//! A reaction shows at the message that it is put on, as soon as that one is known.

use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::load::Message;
use common::db::pipeline::provider_ids::{self, ParkedReaction};
use common::db::{Error, Tx};
use common::delivery::{react, reaction_of};
use common::domain::content::Content;
use serde_json::json;

use super::apply::Decider;

impl Decider<'_> {
    /// Puts a reaction on its message; parks it if nobody has recorded that one yet.
    pub(super) fn react(&mut self, waiting: &WaitingEvent, target: &str, message: &Message) {
        let Some(reaction) = reaction_of(message, message.at) else { return };
        let Content::Reaction(content) = &message.content else { return };
        if let Some(target) = content.message_id {
            if let Some(target) = self.loaded.messages.get_mut(&target.0) {
                react(&mut self.changes, waiting.inbox, target, &reaction);
            }
            return;
        }
        let key = (waiting.inbox, target.to_owned());
        // Known, but of another conversation: that one is no business of this contact's.
        if !self.loaded.known.contains_key(&key) {
            let parked = ParkedReaction { message: message.id, conversation: message.conversation, reaction };
            self.parked_reactions.entry(key).or_default().push(parked);
        }
    }

    /// Parks reactions. Where the message has been recorded meanwhile the group is worked off again, and finds it.
    pub(super) async fn park_reactions(&self, tx: &Tx) -> Result<(), Error> {
        if self.parked_reactions.is_empty() {
            return Ok(());
        }
        let (mut inboxes, mut ids, mut reactions) = (Vec::new(), Vec::new(), Vec::new());
        for ((inbox, id), parked) in &self.parked_reactions {
            inboxes.push(*inbox);
            ids.push(id.clone());
            reactions.push(json!(parked).to_string());
        }
        let step = tx.step(provider_ids::PARK_REACTIONS, vec![&inboxes, &ids, &reactions]).await?;
        if tx.run(&[step]).await?.iter().all(Vec::is_empty) {
            return Ok(());
        }
        Err(Error::Stored("the message of a reaction was recorded meanwhile".into()))
    }
}
