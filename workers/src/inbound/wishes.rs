//! What a contact wants of marketing.

use common::channels::Wish;
use common::db::pipeline::channel_events::WaitingEvent;
use common::db::pipeline::rows::WishRow;

use super::apply::Decider;

impl Decider<'_> {
    /// Notes it; of somebody who never wrote there is nothing to note.
    pub(super) fn wish(&mut self, waiting: &WaitingEvent, wish: &Wish) -> &'static str {
        let Some(contact) = self.loaded.contacts.find(waiting.inbox, &wish.addresses) else {
            return "ignored";
        };
        self.changes.wishes.push(WishRow {
            organization_id: waiting.organization,
            contact_id: contact.contact,
            opted_out: wish.opted_out,
            at: wish.at,
        });
        "noted"
    }
}
