//! Who wrote: finds the conversation of an address, or begins one. Addresses that the provider links share it.

use std::collections::HashMap;

use common::channels::InboundEvent;
use common::db::pipeline::contacts::{self, Begun, Known, Links, Picked};
use common::db::tx::Step;
use common::db::{Error, Tx};
use common::domain::ids::{ContactId, ConversationId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::group::Understood;

/// Addresses to be looked up.
#[derive(Default)]
pub(super) struct Addresses {
    inboxes: Vec<Uuid>,
    addresses: Vec<String>,
}

impl Addresses {
    pub(super) fn extend(&mut self, inbox: Uuid, addresses: &[String]) {
        self.inboxes.extend(addresses.iter().map(|_| inbox));
        self.addresses.extend_from_slice(addresses);
    }

    pub(super) async fn find<'a>(&'a self, tx: &Tx) -> Result<Step<'a>, Error> {
        tx.step(contacts::FIND, vec![&self.inboxes, &self.addresses]).await
    }
}

/// Contacts by inbox and address.
#[derive(Default)]
pub(super) struct Contacts {
    known: HashMap<(Uuid, String), Known>,
    /// Conversations that began in this transaction.
    pub begun: Vec<Begun>,
    /// Those of them that are somebody's already.
    pub picked: Vec<Picked>,
}

impl Contacts {
    pub(super) fn read(rows: &[Row]) -> Result<Self, Error> {
        let known = rows.iter().map(Known::read).collect::<Result<_, _>>()?;
        Ok(Self { known, begun: Vec::new(), picked: Vec::new() })
    }

    /// Where the first of these addresses that is known leads.
    pub(super) fn find(&self, inbox: Uuid, addresses: &[String]) -> Option<Known> {
        addresses.iter().find_map(|address| self.known.get(&(inbox, address.clone())).copied())
    }

    /// Begins conversations for unknown contacts, and links new addresses of known ones.
    pub(super) async fn create_missing(&mut self, tx: &Tx, events: &[Understood]) -> Result<(), Error> {
        let mut links = Links::default();
        for Understood { waiting, event } in events {
            let InboundEvent::Message(message) = event else { continue };
            let Some(first) = message.addresses.first() else { continue };
            // An address that the contact changes to is linked as well, unless it leads to a conversation already.
            let linked = message.addresses.iter().chain(&message.new_address);
            let contact = self.find(waiting.inbox, &message.addresses).unwrap_or_else(|| {
                let contact = Known { contact: ContactId::new().0, conversation: ConversationId::new().0 };
                self.begun.push(Begun {
                    organization: waiting.organization,
                    inbox: waiting.inbox,
                    channel: waiting.channel,
                    conversation: contact.conversation,
                    contact: contact.contact,
                    address: first.clone(),
                    name: message.name.clone(),
                });
                contact
            });
            for address in linked {
                let key = (waiting.inbox, address.clone());
                if let std::collections::hash_map::Entry::Vacant(entry) = self.known.entry(key) {
                    entry.insert(contact);
                    links.push(waiting.organization, waiting.inbox, address, contact);
                }
            }
        }
        self.picked = contacts::begin(tx, &self.begun, &links).await?;
        Ok(())
    }
}
