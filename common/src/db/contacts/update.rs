//! What clients change about a contact: name, attributes, block, opt-outs.

use deadpool_postgres::GenericClient;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::tell_conversations;
use crate::db::Error;
use crate::db::pipeline::load::{self, json};
use crate::domain::contact::{MOST_ATTRIBUTES, OptOut, patch_attributes};
use crate::domain::ids::{ContactId, OrganizationId};

/// What is to change about a contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    /// Another name; `Some(None)` takes it away, and lets the contact's profile name it again.
    pub name: Option<Option<String>>,
    /// A merge patch of the attributes; `Some(None)` takes all away.
    pub attributes: Option<Option<Map<String, Value>>>,
}

/// What became of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patched {
    /// The contact is as asked for.
    Done,
    /// There is no such contact any more.
    Gone,
    /// The contact would have too many attributes.
    TooManyAttributes,
}

/// Applies a patch to a contact that is there.
///
/// # Errors
/// When the database fails.
pub async fn patch(
    tx: &impl GenericClient,
    organization: OrganizationId,
    id: ContactId,
    patch: Patch,
) -> Result<Patched, Error> {
    // Events of a conversation are written under its lock, which comes before the contact's.
    let conversations = match &patch.name {
        Some(_) => lock_conversations(tx, organization, id).await?,
        None => Vec::new(),
    };
    let sql = "SELECT name, attributes FROM contacts
        WHERE organization_id = $1 AND id = $2 AND merged_into IS NULL AND erased_at IS NULL FOR NO KEY UPDATE";
    let statement = tx.prepare_cached(sql).await?;
    let Some(row) = tx.query_opt(&statement, &[&organization.0, &id.0]).await? else {
        return Ok(Patched::Gone);
    };
    let before: Option<String> = row.try_get(0)?;
    let mut attributes: Map<String, Value> = json(&row, 1)?;
    match patch.attributes {
        Some(Some(patch)) => patch_attributes(&mut attributes, patch),
        Some(None) => attributes.clear(),
        None => (),
    }
    if attributes.len() > MOST_ATTRIBUTES {
        return Ok(Patched::TooManyAttributes);
    }
    let source = patch.name.as_ref().map(|name| if name.is_some() { "client" } else { "channel" });
    let name = patch.name.unwrap_or_else(|| before.clone());
    let sql = "UPDATE contacts SET name = $3, name_source = coalesce($4, name_source), attributes = $5, updated_at = now()
        WHERE organization_id = $1 AND id = $2";
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&organization.0, &id.0, &name, &source, &Value::Object(attributes)]).await?;
    if name != before {
        tell_conversations(tx, organization, &conversations).await?;
    }
    Ok(Patched::Done)
}

async fn lock_conversations(
    tx: &impl GenericClient,
    organization: OrganizationId,
    id: ContactId,
) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT id FROM conversations WHERE organization_id = $1 AND contact_id = $2";
    let rows = tx.query(&tx.prepare_cached(sql).await?, &[&organization.0, &id.0]).await?;
    let conversations: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    tx.query(&tx.prepare_cached(load::LOCK).await?, &[&conversations]).await?;
    Ok(conversations)
}

/// A change of a contact's standing. Each is idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing is sent to it, and what it writes raises nothing.
    Block,
    /// It is as before.
    Unblock,
    /// It does not want these messages.
    OptOut(OptOut),
    /// It wants these again; `All` means marketing too.
    OptIn(OptOut),
}

impl Change {
    /// What is changed, and from what: columns with their new value, and the condition that it is one.
    fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Block => ("blocked_at = now()", "blocked_at IS NULL"),
            Self::Unblock => ("blocked_at = NULL", "blocked_at IS NOT NULL"),
            Self::OptOut(OptOut::All) => (
                "opted_out_at = now(), opted_out_changed_at = greatest(opted_out_changed_at, now())",
                "opted_out_at IS NULL",
            ),
            Self::OptOut(OptOut::Marketing) => (
                "marketing_opted_out_at = now(), marketing_changed_at = greatest(marketing_changed_at, now())",
                "marketing_opted_out_at IS NULL",
            ),
            Self::OptIn(OptOut::All) => (
                "opted_out_at = NULL, marketing_opted_out_at = NULL,
                    opted_out_changed_at = greatest(opted_out_changed_at, now()),
                    marketing_changed_at = greatest(marketing_changed_at, now())",
                "num_nonnulls(opted_out_at, marketing_opted_out_at) > 0",
            ),
            Self::OptIn(OptOut::Marketing) => (
                "marketing_opted_out_at = NULL, marketing_changed_at = greatest(marketing_changed_at, now())",
                "marketing_opted_out_at IS NOT NULL",
            ),
        }
    }
}

/// Changes the standing of a contact; false if it stood so before, or is not there.
///
/// # Errors
/// When the database fails.
pub async fn change(
    tx: &impl GenericClient,
    organization: OrganizationId,
    id: ContactId,
    change: Change,
) -> Result<bool, Error> {
    let (columns, differs) = change.sql();
    let sql = format!(
        "UPDATE contacts SET {columns}, updated_at = now() WHERE organization_id = $1 AND id = $2
            AND merged_into IS NULL AND erased_at IS NULL AND {differs}"
    );
    let statement = tx.prepare_cached(&sql).await?;
    Ok(tx.execute(&statement, &[&organization.0, &id.0]).await? > 0)
}
