//! Locks of what is a contact's: against inbound work, and against whoever writes one of its messages.

use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;
use uuid::Uuid;

use crate::db::Error;
use crate::db::pipeline::channel_events::{self, lane_key, lock_key};
use crate::db::pipeline::load;
use crate::domain::ids::{InboxId, OrganizationId};

/// Conversations of contacts, and the lanes that channel events of their addresses take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Belongings {
    pub conversations: Vec<Uuid>,
    pub lane_keys: Vec<Uuid>,
}

impl Belongings {
    async fn read(
        client: &impl GenericClient,
        organization: OrganizationId,
        contacts: &[Uuid],
    ) -> Result<Self, Error> {
        let sql = "SELECT c.id, c.inbox_id, a.address FROM conversations c CROSS JOIN LATERAL (
                SELECT c.address UNION SELECT coalesce(c.lane_address, c.address)
                UNION SELECT address FROM contact_addresses WHERE conversation_id = c.id
            ) a WHERE c.organization_id = $1 AND c.contact_id = ANY($2)";
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&organization.0, &contacts]).await?;
        let (mut conversations, mut lane_keys) = (BTreeSet::new(), BTreeSet::new());
        for row in &rows {
            conversations.insert(row.try_get(0)?);
            lane_keys.insert(lane_key(InboxId(row.try_get(1)?), row.try_get(2)?));
        }
        Ok(Self {
            conversations: conversations.into_iter().collect(),
            lane_keys: lane_keys.into_iter().collect(),
        })
    }
}

/// Locks what is these contacts', in the order in which inbound work does, and then their rows. None if it changed while this
/// waited: to be begun anew, in another transaction.
pub(super) async fn lock(
    client: &impl GenericClient,
    organization: OrganizationId,
    contacts: &[Uuid],
) -> Result<Option<Belongings>, Error> {
    let before = Belongings::read(client, organization, contacts).await?;
    let keys: BTreeSet<i64> = before.lane_keys.iter().map(|key| lock_key(*key)).collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    client.query(&client.prepare_cached(channel_events::LOCK).await?, &[&keys]).await?;
    client.query(&client.prepare_cached(load::LOCK).await?, &[&before.conversations]).await?;
    let sql = "SELECT merged_into IS NULL AND erased_at IS NULL FROM contacts
        WHERE organization_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE";
    let rows = client.query(&client.prepare_cached(sql).await?, &[&organization.0, &contacts]).await?;
    let live = rows.iter().filter(|row| row.get(0)).count() == contacts.len();
    let after = Belongings::read(client, organization, contacts).await?;
    Ok((live && before == after).then_some(after))
}
