//! `contacts` and `contact_addresses`: read, changed, merged and forgotten.
//!
//! An id that was merged away stands for the contact it was merged into, and one that was erased for nobody.

pub mod erase;
pub mod erasure;
mod locks;
pub mod merge;
pub mod update;

use deadpool_postgres::GenericClient;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Error;
use super::pipeline::load::json;
use crate::domain::contact::{ContactDetail, OptOut};
use crate::domain::ids::{ContactId, ConversationId, EventId, InboxId, OrganizationId};
use crate::domain::principal::Reach;
use crate::problem::Timestamp;

/// A contact with its first hundred addresses.
const SELECT: &str = "SELECT k.id, k.name, k.avatar_url, k.attributes, k.blocked_at IS NOT NULL,
        k.opted_out_at IS NOT NULL, k.marketing_opted_out_at IS NOT NULL, k.created_at, k.updated_at,
        coalesce(lower(k.name), ''), coalesce((
            SELECT jsonb_agg(jsonb_build_object('channel', l.channel, 'inboxId', l.inbox_id, 'address', l.address))
            FROM (
                SELECT c.channel, a.inbox_id, a.address FROM conversations c
                CROSS JOIN LATERAL (SELECT * FROM contact_addresses WHERE conversation_id = c.id LIMIT 100) a
                WHERE c.organization_id = k.organization_id AND c.contact_id = k.id
                ORDER BY a.created_at, a.inbox_id, a.address LIMIT 100
            ) l
        ), '[]') AS addresses
    FROM contacts k";

/// Those that are there.
const LIVE: &str = "k.merged_into IS NULL AND k.erased_at IS NULL";

/// Greater than every text that begins with what precedes it.
const LAST: char = char::MAX;

/// Which contacts to list, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All, oldest first, after this one.
    All {
        /// The last one of the page before.
        after: Option<ContactId>,
    },
    /// Those with this address on some inbox, oldest first.
    Address {
        /// The forms that the address may have.
        forms: Vec<String>,
        /// The last one of the page before.
        after: Option<ContactId>,
    },
    /// Those whose name begins so, whatever its case, in the order of names.
    Name {
        /// The beginning.
        prefix: String,
        /// The last one of the page before: its name as it is sorted, and its id.
        after: Option<(String, ContactId)>,
    },
}

/// A contact with its place in a list by name.
pub type Listed = (ContactDetail, String);

fn read(row: &Row) -> Result<Listed, Error> {
    let attributes: Map<String, Value> = json(row, 3)?;
    let opted_out = match (row.try_get(5)?, row.try_get(6)?) {
        (true, _) => Some(OptOut::All),
        (false, true) => Some(OptOut::Marketing),
        (false, false) => None,
    };
    let contact = ContactDetail {
        id: ContactId(row.try_get(0)?),
        name: row.try_get(1)?,
        avatar_url: row.try_get(2)?,
        addresses: json(row, 10)?,
        attributes,
        blocked: row.try_get(4)?,
        opted_out,
        created_at: Timestamp(row.try_get(7)?),
        updated_at: Timestamp(row.try_get(8)?),
    };
    Ok((contact, row.try_get(9)?))
}

/// The contact that an id stands for, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn resolve(
    client: &impl GenericClient,
    organization: OrganizationId,
    id: ContactId,
) -> Result<Option<ContactId>, Error> {
    let sql = "SELECT k.id FROM contacts k WHERE k.organization_id = $1 AND k.erased_at IS NULL AND k.id =
        (SELECT coalesce(merged_into, id) FROM contacts WHERE organization_id = $1 AND id = $2)";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &id.0]).await?;
    row.map(|row| Ok(ContactId(row.try_get(0)?))).transpose()
}

/// The contact that an id stands for, if one of its conversations is within reach; with its addresses there.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    reach: &Reach,
    id: ContactId,
) -> Result<Option<ContactDetail>, Error> {
    let sql = format!(
        "{SELECT} WHERE k.organization_id = $1 AND {LIVE} AND k.id =
            (SELECT coalesce(merged_into, id) FROM contacts WHERE organization_id = $1 AND id = $2)
            AND ($3::uuid[] IS NULL AND $4::uuid IS NULL OR EXISTS (
                SELECT 1 FROM conversations c WHERE c.organization_id = $1 AND c.contact_id = k.id
                    AND ($3 IS NULL OR c.inbox_id = ANY($3)) AND ($4 IS NULL OR c.assignee_id = $4)))"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row =
        client.query_opt(&statement, &[&organization.0, &id.0, &reach.inboxes, &reach.assignee]).await?;
    let mut found = row.map(|row| Ok::<_, Error>(read(&row)?.0)).transpose()?;
    if let Some(contact) = &mut found {
        contact.addresses.retain(|address| reach.inbox(address.inbox_id.0));
    }
    Ok(found)
}

/// A page of contacts, each with its name as it is sorted.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let rows = match filter {
        Filter::All { after } => {
            // As a pair, so that only the index that begins with the organization answers.
            let sql = format!(
                "{SELECT} WHERE k.organization_id = $1 AND (k.organization_id, k.id) > ($1, $2) AND {LIVE}
                ORDER BY k.organization_id, k.id LIMIT $3"
            );
            let statement = client.prepare_cached(&sql).await?;
            client.query(&statement, &[&organization.0, &place(*after), &limit]).await?
        }
        Filter::Address { forms, after } => {
            // By way of the conversation, whose contact is the one that merges have led to.
            let sql = format!(
                "{SELECT} WHERE k.organization_id = $1 AND k.id > $3 AND {LIVE} AND k.id = ANY(ARRAY(
                    SELECT c.contact_id FROM contact_addresses a
                    JOIN conversations c ON c.organization_id = a.organization_id AND c.id = a.conversation_id
                    WHERE a.organization_id = $1 AND a.address = ANY($2)
                )) ORDER BY k.id LIMIT $4"
            );
            let statement = client.prepare_cached(&sql).await?;
            client.query(&statement, &[&organization.0, forms, &place(*after), &limit]).await?
        }
        Filter::Name { prefix, after } => {
            let sql = format!(
                "{SELECT} WHERE k.organization_id = $1 AND k.name IS NOT NULL AND {LIVE}
                    AND lower(k.name) COLLATE \"C\" >= lower($2) AND lower(k.name) COLLATE \"C\" < lower($2) || $3
                    AND (lower(k.name) COLLATE \"C\", k.id) > ($4, $5)
                ORDER BY lower(k.name) COLLATE \"C\", k.id LIMIT $6"
            );
            let statement = client.prepare_cached(&sql).await?;
            let (name, id) = after.as_ref().map_or(("", None), |(name, id)| (name.as_str(), Some(*id)));
            let last = LAST.to_string();
            client.query(&statement, &[&organization.0, prefix, &last, &name, &place(id), &limit]).await?
        }
    };
    rows.iter().map(read).collect()
}

fn place(after: Option<ContactId>) -> Uuid {
    after.map_or(Uuid::nil(), |id| id.0)
}

/// Tells the event log that conversations show their contact otherwise. Their lanes' locks are held.
async fn tell_conversations(
    client: &impl GenericClient,
    organization: OrganizationId,
    conversations: &[Uuid],
) -> Result<(), Error> {
    let sql = "SELECT c.id, c.inbox_id, k.id, k.name, c.address FROM conversations c
        JOIN contacts k ON k.organization_id = c.organization_id AND k.id = c.contact_id
        WHERE c.organization_id = $1 AND c.id = ANY($2) ORDER BY c.id";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&organization.0, &conversations]).await?;
    let (mut ids, mut inboxes, mut told, mut payloads) = (vec![], vec![], vec![], vec![]);
    for row in &rows {
        let (conversation, inbox): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        let (contact, name): (Uuid, Option<&str>) = (row.try_get(2)?, row.try_get(3)?);
        let address: &str = row.try_get(4)?;
        ids.push(EventId::new().0);
        inboxes.push(inbox);
        told.push(conversation);
        payloads.push(json!({ "conversation": {
            "id": ConversationId(conversation), "inboxId": InboxId(inbox),
            "contact": { "id": ContactId(contact), "name": name, "address": address },
        }}));
    }
    let sql = "INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, payload)
        SELECT r.id, $1, 'conversation.updated', r.inbox_id, r.conversation_id, r.payload
        FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::jsonb[]) WITH ORDINALITY
        AS r (id, inbox_id, conversation_id, payload, n) ORDER BY n";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&organization.0, &ids, &inboxes, &told, &payloads]).await?;
    Ok(())
}
