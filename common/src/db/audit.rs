//! `audit_log`: one row for each write that a person or program asked for, in the transaction of that write.

use deadpool_postgres::GenericClient;
use serde_json::Value;
use uuid::Uuid;

use super::Error;
use crate::domain::ids::{AuditId, OrganizationId};
use crate::domain::principal::{Credential, Principal};
use crate::trace::TraceId;

/// Who asked for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A program by its key, or a visitor of a link or embed.
    Caller(Credential),
    /// The operator, by the command line.
    Operator,
}

/// A write to be noted.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose rows were written.
    pub organization: OrganizationId,
    /// Who asked.
    pub actor: Actor,
    /// What was done, `noun.verb`.
    pub action: &'static str,
    /// The row that it was done to.
    pub resource: Uuid,
    /// The request it came from.
    pub trace: Option<TraceId>,
    /// What changed, without secrets, message text or addresses.
    pub detail: Option<Value>,
}

impl Entry {
    /// A write that a program asked for.
    pub fn by(
        principal: &Principal,
        action: &'static str,
        resource: impl Into<Uuid>,
        trace: TraceId,
    ) -> Self {
        Self {
            organization: principal.organization,
            actor: Actor::Caller(principal.credential),
            action,
            resource: resource.into(),
            trace: Some(trace),
            detail: principal.via(),
        }
    }

    /// With what changed, beside what is told of a visitor.
    #[must_use]
    pub fn detail(self, mut detail: Value) -> Self {
        if let (Some(Value::Object(via)), Some(fields)) = (self.detail, detail.as_object_mut()) {
            fields.extend(via);
        }
        Self { detail: Some(detail), ..self }
    }
}

/// Notes a write.
///
/// # Errors
/// When the database fails.
pub async fn insert(client: &impl GenericClient, entry: &Entry) -> Result<(), Error> {
    let sql = "INSERT INTO audit_log (id, organization_id, actor_type, actor_id, action, resource_id, trace_id, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let statement = client.prepare_cached(sql).await?;
    let (kind, actor) = match entry.actor {
        Actor::Caller(credential) => (credential.sender_type().as_str(), Some(credential.id())),
        Actor::Operator => ("operator", None),
    };
    let (id, trace) = (AuditId::new(), entry.trace.map(|trace| trace.0));
    client
        .execute(
            &statement,
            &[
                &id.0,
                &entry.organization.0,
                &kind,
                &actor,
                &entry.action,
                &entry.resource,
                &trace,
                &entry.detail,
            ],
        )
        .await?;
    Ok(())
}
