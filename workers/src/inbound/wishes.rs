//! What a contact wants of marketing, or of messages altogether.

use common::channels::Wish;
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::wishes::{OptOutRow, WishRow};
use common::domain::contact::OptOut;

use super::apply::Decider;

impl Decider<'_> {
    /// Notes it; of somebody who never wrote there is nothing to note.
    pub(super) fn wish(&mut self, waiting: &WaitingEvent, wish: &Wish) -> &'static str {
        let Some(contact) = self.loaded.contacts.find(waiting.inbox, &wish.addresses) else {
            return "ignored";
        };
        let (organization_id, contact_id) = (waiting.organization, contact.contact);
        let (opted_out, at) = (wish.opted_out, wish.at);
        match wish.scope {
            OptOut::Marketing => {
                self.changes.wishes.push(WishRow { organization_id, contact_id, opted_out, at });
            }
            OptOut::All => {
                self.changes.opt_outs.push(OptOutRow { organization_id, contact_id, opted_out, at });
            }
        }
        "noted"
    }
}
