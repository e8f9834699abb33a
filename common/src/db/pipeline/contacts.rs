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
use crate::domain::ids::{ContactId, ConversationId, InboxId, TeamId, UserId};

/// Finds where addresses lead: inboxes, addresses.
pub const FIND: &str = "SELECT a.inbox_id, a.address, a.contact_id, a.conversation_id
    FROM unnest($1::uuid[], $2::text[]) AS r (inbox_id, address)
    CROSS JOIN LATERAL (
        SELECT * FROM contact_addresses WHERE inbox_id = r.inbox_id AND address = r.address LIMIT 1) a";

/// The constraint by which an address leads to one conversation.
pub const ADDRESS_KEY: &str = "contact_addresses_pkey";

/// Contacts, conversations and their lanes: organizations, inboxes, contacts, conversations, channels, addresses, names.
/// A contact may be there already, with addresses elsewhere. The team is the inbox's, else the organization's fallback.
const CREATE: &str = "WITH r AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])
        AS r (organization_id, inbox_id, contact_id, conversation_id, channel, address, name)
    ), contact AS (
        INSERT INTO contacts (id, organization_id, name) SELECT contact_id, organization_id, name FROM r
        ON CONFLICT (id) DO NOTHING
    ), conversation AS (
        INSERT INTO conversations (organization_id, id, inbox_id, contact_id, channel, address, team_id)
        SELECT r.organization_id, r.conversation_id, r.inbox_id, r.contact_id, r.channel, r.address,
            coalesce(i.team_id, (SELECT id FROM teams WHERE organization_id = r.organization_id AND fallback))
        FROM r JOIN inboxes i ON i.id = r.inbox_id
    )
    INSERT INTO lanes (conversation_id, organization_id, inbox_id)
    SELECT conversation_id, organization_id, inbox_id FROM r";

/// Addresses of contacts: inboxes, addresses, organizations, contacts, conversations.
const LINK: &str = "INSERT INTO contact_addresses (inbox_id, address, organization_id, contact_id, conversation_id)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[]) AS r (inbox_id, address, o, c, v)
    ORDER BY inbox_id, address";

/// Locks the teams that take the new conversations among these in turn, in id order: after their addresses and before any lane.
/// A statement of its own: whose turn it is, is read once it is certain.
const LOCK_TEAMS: &str = "SELECT id FROM teams WHERE id = ANY(ARRAY(
            SELECT c.team_id FROM unnest($1::uuid[], $2::uuid[]) AS r (organization_id, id)
            JOIN conversations c ON c.organization_id = r.organization_id AND c.id = r.id))
        AND mode = 'roundRobin' AND deleted_at IS NULL
    ORDER BY id FOR NO KEY UPDATE";

/// Gives new conversations to their teams' available members in turn, and notes whose turn it was: organizations, conversations.
const PICK: &str = "WITH asked AS (
        SELECT c.organization_id, c.id, c.team_id, t.last_picked_id,
            row_number() OVER (PARTITION BY c.team_id ORDER BY r.n) - 1 AS n
        FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS r (organization_id, id, n)
        JOIN conversations c ON c.organization_id = r.organization_id AND c.id = r.id
        JOIN teams t ON t.id = c.team_id AND t.mode = 'roundRobin' AND t.deleted_at IS NULL
    ), members AS (
        SELECT t.team_id, u.id, u.name, count(*) OVER (PARTITION BY t.team_id) AS members,
            row_number() OVER (PARTITION BY t.team_id
                ORDER BY coalesce(u.id <= t.last_picked_id, false), u.id) - 1 AS place
        FROM (SELECT DISTINCT organization_id, team_id, last_picked_id FROM asked) t
        JOIN team_members m ON m.team_id = t.team_id
        JOIN users u ON u.organization_id = t.organization_id AND u.id = m.user_id AND u.available AND u.disabled_at IS NULL
    ), picked AS (
        SELECT a.organization_id, a.id, a.team_id, a.n, m.id AS user_id, m.name
        FROM asked a JOIN members m ON m.team_id = a.team_id AND m.place = a.n % m.members
    ), turned AS (
        UPDATE teams t SET last_picked_id = p.user_id
        FROM (SELECT DISTINCT ON (team_id) team_id, user_id FROM picked ORDER BY team_id, n DESC) p WHERE t.id = p.team_id
    )
    UPDATE conversations c SET assignee_id = p.user_id FROM picked p
    WHERE c.organization_id = p.organization_id AND c.id = p.id
    RETURNING c.id, p.user_id, p.name, p.team_id";

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

impl Picked {
    fn read(row: &Row) -> Result<Self, Error> {
        let (user, team) = (UserId(row.try_get(1)?), TeamId(row.try_get(3)?));
        Ok(Self { conversation: row.try_get(0)?, user, name: row.try_get(2)?, team })
    }
}

impl Begun {
    /// Who has the conversation from its beginning, as the event log tells it.
    pub(super) fn told_assigned(&self, picked: &Picked) -> Value {
        json!({
            "conversation": {
                "id": ConversationId(self.conversation), "inboxId": InboxId(self.inbox),
                "assignee": { "userId": picked.user, "name": picked.name },
            },
            "previousAssigneeId": null,
            "by": { "type": "team", "id": picked.team },
        })
    }

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

/// A conversation that began as somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// The conversation.
    pub conversation: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// The team whose member they are.
    pub team: TeamId,
}

/// Writes conversations that begin, and addresses; nothing if there are none. Conversations of a team that takes them in turn go to
/// the next of its members, who are returned.
///
/// # Errors
/// When the database fails, or `ADDRESS_KEY` is violated: another transaction was quicker.
pub async fn begin(tx: &Tx, begun: &[Begun], links: &Links) -> Result<Vec<Picked>, Error> {
    if links.inboxes.is_empty() {
        return Ok(Vec::new());
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
    let mut steps = vec![tx.step(CREATE, create).await?, tx.step(LINK, link).await?];
    if begun.is_empty() {
        tx.run(&steps).await?;
        return Ok(Vec::new());
    }
    steps.push(tx.step(LOCK_TEAMS, vec![&organizations, &conversations]).await?);
    steps.push(tx.step(PICK, vec![&organizations, &conversations]).await?);
    let mut answers = tx.run(&steps).await?;
    answers.pop().unwrap_or_default().iter().map(Picked::read).collect()
}
