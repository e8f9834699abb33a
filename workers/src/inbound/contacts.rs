//! Who wrote: finds the conversation of an address, or begins one. Addresses that the provider links share it.

use std::collections::HashMap;

use common::channels::InboundEvent;
use common::db::tx::Step;
use common::db::{Error, Tx};
use common::domain::ids::{ContactId, ConversationId, OrganizationId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::group::Understood;

const FIND: &str = "SELECT a.inbox_id, a.address, a.contact_id, a.conversation_id
    FROM unnest($1::uuid[], $2::text[]) AS r (inbox_id, address)
    CROSS JOIN LATERAL (
        SELECT * FROM contact_addresses WHERE inbox_id = r.inbox_id AND address = r.address LIMIT 1) a";

/// Contacts, conversations and their lanes: organizations, inboxes, contacts, conversations, channels, addresses, names.
const CREATE: &str = "WITH r AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])
        AS r (organization_id, inbox_id, contact_id, conversation_id, channel, address, name)
    ), contact AS (
        INSERT INTO contacts (id, organization_id, name) SELECT contact_id, organization_id, name FROM r
    ), conversation AS (
        INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, team_id)
        SELECT r.organization_id, r.conversation_id, r.inbox_id, r.contact_id, r.channel, r.address, i.team_id
        FROM r JOIN inboxes i ON i.id = r.inbox_id
    )
    INSERT INTO lanes (conversation_id, organization_id, inbox_id)
    SELECT conversation_id, organization_id, inbox_id FROM r";

/// Addresses of contacts: inboxes, addresses, organizations, contacts, conversations. In key order; an address that another
/// transaction has just taken fails the group, which then finds it.
const LINK: &str = "INSERT INTO contact_addresses (inbox_id, address, organization_id, contact_id, conversation_id)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[]) AS r (inbox_id, address, o, c, v)
    ORDER BY inbox_id, address";

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
        tx.step(FIND, vec![&self.inboxes, &self.addresses]).await
    }
}

/// Where an address leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contact {
    pub contact: Uuid,
    pub conversation: Uuid,
}

/// A conversation that began in this transaction.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    pub organization: Uuid,
    pub inbox: Uuid,
    pub conversation: Uuid,
    pub contact: Uuid,
    pub address: String,
    pub name: Option<String>,
}

/// Contacts by inbox and address.
#[derive(Default)]
pub(super) struct Contacts {
    known: HashMap<(Uuid, String), Contact>,
    /// Conversations that began in this transaction.
    pub begun: Vec<Begun>,
}

#[derive(Default)]
struct Links {
    inboxes: Vec<Uuid>,
    addresses: Vec<String>,
    organizations: Vec<Uuid>,
    contacts: Vec<Uuid>,
    conversations: Vec<Uuid>,
}

impl Contacts {
    pub(super) fn read(rows: &[Row]) -> Result<Self, Error> {
        let mut known = HashMap::new();
        for row in rows {
            let contact = Contact { contact: row.try_get(2)?, conversation: row.try_get(3)? };
            known.insert((row.try_get(0)?, row.try_get(1)?), contact);
        }
        Ok(Self { known, begun: Vec::new() })
    }

    /// Where the first of these addresses that is known leads.
    pub(super) fn find(&self, inbox: Uuid, addresses: &[String]) -> Option<Contact> {
        addresses.iter().find_map(|address| self.known.get(&(inbox, address.clone())).copied())
    }

    /// Begins conversations for unknown contacts, and links new addresses of known ones.
    pub(super) async fn create_missing(&mut self, tx: &Tx, events: &[Understood]) -> Result<(), Error> {
        let mut links = Links::default();
        let mut channels = Vec::new();
        for Understood { waiting, event } in events {
            let InboundEvent::Message(message) = event else { continue };
            let Some(first) = message.addresses.first() else { continue };
            let contact = self.find(waiting.inbox, &message.addresses).unwrap_or_else(|| {
                let contact = Contact { contact: ContactId::new().0, conversation: ConversationId::new().0 };
                channels.push(waiting.channel.as_str());
                self.begun.push(Begun {
                    organization: OrganizationId(waiting.organization).0,
                    inbox: waiting.inbox,
                    conversation: contact.conversation,
                    contact: contact.contact,
                    address: first.clone(),
                    name: message.name.clone(),
                });
                contact
            });
            for address in &message.addresses {
                let key = (waiting.inbox, address.clone());
                if let std::collections::hash_map::Entry::Vacant(entry) = self.known.entry(key) {
                    entry.insert(contact);
                    links.push(waiting.organization, waiting.inbox, address, contact);
                }
            }
        }
        self.write(tx, &channels, &links).await
    }

    async fn write(&self, tx: &Tx, channels: &[&'static str], links: &Links) -> Result<(), Error> {
        if links.inboxes.is_empty() {
            return Ok(());
        }
        let column = |pick: fn(&Begun) -> Uuid| self.begun.iter().map(pick).collect::<Vec<_>>();
        let (organizations, inboxes) = (column(|b| b.organization), column(|b| b.inbox));
        let (contacts, conversations) = (column(|b| b.contact), column(|b| b.conversation));
        let addresses: Vec<&str> = self.begun.iter().map(|b| b.address.as_str()).collect();
        let names: Vec<Option<&str>> = self.begun.iter().map(|b| b.name.as_deref()).collect();
        let create: common::db::tx::Params<'_> =
            vec![&organizations, &inboxes, &contacts, &conversations, &channels, &addresses, &names];
        let link: common::db::tx::Params<'_> = vec![
            &links.inboxes,
            &links.addresses,
            &links.organizations,
            &links.contacts,
            &links.conversations,
        ];
        let steps = [tx.step(CREATE, create).await?, tx.step(LINK, link).await?];
        tx.run(&steps).await?;
        Ok(())
    }
}

impl Links {
    fn push(&mut self, organization: Uuid, inbox: Uuid, address: &str, contact: Contact) {
        self.inboxes.push(inbox);
        self.addresses.push(address.to_owned());
        self.organizations.push(organization);
        self.contacts.push(contact.contact);
        self.conversations.push(contact.conversation);
    }
}
