//! Merging contacts: addresses and conversations are relinked, and the old id stands for the contact it went into.

use deadpool_postgres::GenericClient;
use serde_json::{Map, Value};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{locks, resolve, tell_conversations};
use crate::db::Error;
use crate::db::pipeline::load::json;
use crate::domain::contact::MOST_ATTRIBUTES;
use crate::domain::ids::{ContactId, OrganizationId};

/// What became of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// The contact that both are now; and whether they were two before.
    Into(ContactId, bool),
    /// One of them is not there.
    Gone,
    /// Both together have too many attributes.
    TooManyAttributes,
    /// Something else changed one of them at the same time: to be begun anew, in another transaction.
    Changed,
}

struct Party {
    name: Option<String>,
    avatar_url: Option<String>,
    attributes: Map<String, Value>,
}

impl Party {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self { name: row.try_get(1)?, avatar_url: row.try_get(2)?, attributes: json(row, 3)? })
    }
}

/// Merges `source` into `target`. What the target says of itself holds; blocks and opt-outs of either hold for both.
///
/// # Errors
/// When the database fails.
pub async fn merge(
    tx: &impl GenericClient,
    organization: OrganizationId,
    source: ContactId,
    target: ContactId,
) -> Result<Merged, Error> {
    let found = (resolve(tx, organization, source).await?, resolve(tx, organization, target).await?);
    let (Some(source), Some(target)) = found else { return Ok(Merged::Gone) };
    if source == target {
        return Ok(Merged::Into(target, false));
    }
    let both = [source.0, target.0];
    let Some(all) = locks::lock(tx, organization, &both).await? else { return Ok(Merged::Changed) };
    let sql =
        "SELECT id, name, avatar_url, attributes FROM contacts WHERE organization_id = $1 AND id = ANY($2)";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&organization.0, &both.as_slice()]).await?;
    let party = |id: ContactId| rows.iter().find(|row| row.get::<_, Uuid>(0) == id.0).map(Party::read);
    let (Some(from), Some(into)) = (party(source).transpose()?, party(target).transpose()?) else {
        return Ok(Merged::Changed);
    };
    let mut attributes = from.attributes;
    attributes.extend(into.attributes);
    if attributes.len() > MOST_ATTRIBUTES {
        return Ok(Merged::TooManyAttributes);
    }
    let renamed = into.name.is_none() && from.name.is_some();
    let avatar = into.avatar_url.or(from.avatar_url);
    let moved = relink(tx, organization, source, target).await?;
    take_over(tx, organization, (source, target), (avatar, attributes)).await?;
    retire(tx, organization, source, target).await?;
    let told = if renamed { all.conversations } else { moved };
    tell_conversations(tx, organization, &told).await?;
    Ok(Merged::Into(target, true))
}

/// Gives the source's conversations and their addresses to the target.
async fn relink(
    tx: &impl GenericClient,
    organization: OrganizationId,
    source: ContactId,
    target: ContactId,
) -> Result<Vec<Uuid>, Error> {
    let sql = "UPDATE conversations SET contact_id = $3, updated_at = now()
        WHERE organization_id = $1 AND contact_id = $2 RETURNING id";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&organization.0, &source.0, &target.0]).await?;
    let moved: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    let sql = "UPDATE contact_addresses SET contact_id = $1 WHERE conversation_id = ANY($2)";
    tx.execute(&tx.prepare_cached(sql).await?, &[&target.0, &moved]).await?;
    Ok(moved)
}

/// Completes the target by what the source says.
async fn take_over(
    tx: &impl GenericClient,
    organization: OrganizationId,
    (source, target): (ContactId, ContactId),
    (avatar_url, attributes): (Option<String>, Map<String, Value>),
) -> Result<(), Error> {
    let sql = "UPDATE contacts t SET name = coalesce(t.name, s.name),
            name_source = CASE WHEN t.name IS NULL THEN s.name_source ELSE t.name_source END,
            avatar_url = $4, attributes = $5, updated_at = now(),
            blocked_at = least(t.blocked_at, s.blocked_at), opted_out_at = least(t.opted_out_at, s.opted_out_at),
            marketing_opted_out_at = least(t.marketing_opted_out_at, s.marketing_opted_out_at),
            opted_out_changed_at = greatest(t.opted_out_changed_at, s.opted_out_changed_at),
            marketing_changed_at = greatest(t.marketing_changed_at, s.marketing_changed_at)
        FROM contacts s
        WHERE t.organization_id = $1 AND t.id = $3 AND s.organization_id = $1 AND s.id = $2";
    let statement = tx.prepare_cached(sql).await?;
    let attributes = Value::Object(attributes);
    tx.execute(&statement, &[&organization.0, &source.0, &target.0, &avatar_url, &attributes]).await?;
    Ok(())
}

/// Makes the source, and what was merged into it before, stand for the target.
async fn retire(
    tx: &impl GenericClient,
    organization: OrganizationId,
    source: ContactId,
    target: ContactId,
) -> Result<(), Error> {
    let sql = "UPDATE contacts SET merged_into = $3, name = NULL, name_source = 'channel', avatar_url = NULL,
            attributes = '{}', blocked_at = NULL, opted_out_at = NULL, marketing_opted_out_at = NULL,
            opted_out_changed_at = NULL, marketing_changed_at = NULL, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    tx.execute(&tx.prepare_cached(sql).await?, &[&organization.0, &source.0, &target.0]).await?;
    let sql = "UPDATE contacts SET merged_into = $3, updated_at = now() WHERE organization_id = $1 AND merged_into = $2";
    tx.execute(&tx.prepare_cached(sql).await?, &[&organization.0, &source.0, &target.0]).await?;
    Ok(())
}
