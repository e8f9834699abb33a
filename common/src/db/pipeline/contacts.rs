//! Contacts and the conversations that begin with them: by an address's first message, in either direction.
//!
//! Whoever begins one inserts its address *before* locking any lane, in key order: so neither two groups nor the two
//! directions deadlock. An address that another transaction has just taken fails the group, which then finds it.

use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::channels::Channel;
use crate::db::tx::Params;
use crate::db::{Error, Tx};
use crate::domain::ids::{ContactId, ConversationId, InboxId};

/// Finds where addresses lead: inboxes, addresses.
pub const FIND: &str = "SELECT a.inbox_id, a.address, a.contact_id, a.conversation_id
    FROM unnest($1::uuid[], $2::text[]) AS r (inbox_id, address)
    CROSS JOIN LATERAL (
        SELECT * FROM contact_addresses WHERE inbox_id = r.inbox_id AND address = r.address LIMIT 1) a";

/// The constraint by which an address leads to one conversation.
pub const ADDRESS_KEY: &str = "contact_addresses_pkey";

/// Contacts, conversations and their lanes: organizations, inboxes, contacts, conversations, channels, addresses, names.
/// A contact may be there already, with addresses elsewhere.
const CREATE: &str = "WITH r AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])
        AS r (organization_id, inbox_id, contact_id, conversation_id, channel, address, name)
    ), contact AS (
        INSERT INTO contacts (id, organization_id, name) SELECT contact_id, organization_id, name FROM r
        ON CONFLICT (id) DO NOTHING
    ), conversation AS (
        INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, team_id)
        SELECT r.organization_id, r.conversation_id, r.inbox_id, r.contact_id, r.channel, r.address, i.team_id
        FROM r JOIN inboxes i ON i.id = r.inbox_id
    )
    INSERT INTO lanes (conversation_id, organization_id, inbox_id)
    SELECT conversation_id, organization_id, inbox_id FROM r";

/// Addresses of contacts: inboxes, addresses, organizations, contacts, conversations.
const LINK: &str = "INSERT INTO contact_addresses (inbox_id, address, organization_id, contact_id, conversation_id)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[]) AS r (inbox_id, address, o, c, v)
    ORDER BY inbox_id, address";

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The contact.
    pub contact: Uuid,
    /// The conversation.
    pub conversation: Uuid,
}

/// A conversation that begins in this transaction.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The organization.
    pub organization: Uuid,
    /// The inbox.
    pub inbox: Uuid,
    /// The inbox's channel.
    pub channel: Channel,
    /// The conversation.
    pub conversation: Uuid,
    /// The contact, which may be there already.
    pub contact: Uuid,
    /// The contact's address.
    pub address: String,
    /// The contact's name, where it is known.
    pub name: Option<String>,
}

/// Addresses that lead to conversations from now on.
#[derive(Debug, Default)]
pub struct Links {
    inboxes: Vec<Uuid>,
    addresses: Vec<String>,
    organizations: Vec<Uuid>,
    contacts: Vec<Uuid>,
    conversations: Vec<Uuid>,
}

impl Known {
    /// Reads a row of `FIND`: the inbox and address, and where they lead.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row) -> Result<((Uuid, String), Self), Error> {
        let known = Self { contact: row.try_get(2)?, conversation: row.try_get(3)? };
        Ok(((row.try_get(0)?, row.try_get(1)?), known))
    }
}

impl Begun {
    /// The conversation as the event log tells it.
    pub(super) fn told(&self) -> Value {
        json!({ "conversation": {
            "id": ConversationId(self.conversation), "inboxId": InboxId(self.inbox),
            "contact": { "id": ContactId(self.contact), "name": self.name, "address": self.address },
        }})
    }
}

impl Links {
    /// Adds an address.
    pub fn push(&mut self, organization: Uuid, inbox: Uuid, address: &str, leads_to: Known) {
        self.inboxes.push(inbox);
        self.addresses.push(address.to_owned());
        self.organizations.push(organization);
        self.contacts.push(leads_to.contact);
        self.conversations.push(leads_to.conversation);
    }
}

/// Writes conversations that begin, and addresses; nothing if there are none.
///
/// # Errors
/// When the database fails, or `ADDRESS_KEY` is violated: another transaction was quicker.
pub async fn begin(tx: &Tx, begun: &[Begun], links: &Links) -> Result<(), Error> {
    if links.inboxes.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&Begun) -> Uuid| begun.iter().map(pick).collect::<Vec<_>>();
    let (organizations, inboxes) = (column(|b| b.organization), column(|b| b.inbox));
    let (contacts, conversations) = (column(|b| b.contact), column(|b| b.conversation));
    let channels: Vec<&str> = begun.iter().map(|b| b.channel.as_str()).collect();
    let addresses: Vec<&str> = begun.iter().map(|b| b.address.as_str()).collect();
    let names: Vec<Option<&str>> = begun.iter().map(|b| b.name.as_deref()).collect();
    let create: Params<'_> =
        vec![&organizations, &inboxes, &contacts, &conversations, &channels, &addresses, &names];
    let link: Params<'_> =
        vec![&links.inboxes, &links.addresses, &links.organizations, &links.contacts, &links.conversations];
    let steps = [tx.step(CREATE, create).await?, tx.step(LINK, link).await?];
    tx.run(&steps).await?;
    Ok(())
}
