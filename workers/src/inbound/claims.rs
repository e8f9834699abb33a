//! Names the messages of provider ids, and applies what had come before them.

use common::db::pipeline::provider_ids::{self, Claimed};
use common::db::{Error, Tx};
use common::delivery::show_parked;

use super::apply::Decider;

impl Decider<'_> {
    pub(super) async fn claim(&mut self, tx: &Tx) -> Result<(), Error> {
        if self.claims.is_empty() {
            return Ok(());
        }
        let (mut inboxes, mut ids, mut messages, mut conversations) = (vec![], vec![], vec![], vec![]);
        for (inbox, id, message, conversation) in &self.claims {
            inboxes.push(*inbox);
            ids.push(id.clone());
            messages.push(*message);
            conversations.push(*conversation);
        }
        let step = tx.step(provider_ids::CLAIM, vec![&inboxes, &ids, &messages, &conversations]).await?;
        let named = tx.run(&[step]).await?;
        let mut waited = (Vec::new(), Vec::new());
        for row in named.iter().flatten() {
            let claimed = Claimed::read(row)?;
            let ours =
                |claim: &(_, String, _, _)| claim.1 == claimed.provider_id && claim.2 == claimed.message;
            if !self.claims.iter().any(ours) {
                return Err(Error::Stored("a provider id was given to another message meanwhile".into()));
            }
            if claimed.has_parked() {
                self.unpark(&claimed);
                waited.0.push(claimed.inbox);
                waited.1.push(claimed.provider_id);
            }
        }
        if !waited.0.is_empty() {
            tx.run(&[tx.step(provider_ids::UNPARK, vec![&waited.0, &waited.1]).await?]).await?;
        }
        Ok(())
    }

    /// Statuses and reactions that came before their message count like any other.
    fn unpark(&mut self, claimed: &Claimed) {
        let Some(conversation) = self.loaded.messages.get(&claimed.message).map(|found| found.conversation)
        else {
            return; // Erased meanwhile.
        };
        for update in &claimed.parked {
            self.apply((update, None), None, claimed.message, conversation);
        }
        if let Some(message) = self.loaded.messages.get_mut(&claimed.message) {
            show_parked(&mut self.changes, claimed, message);
        }
    }
}
