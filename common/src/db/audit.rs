//! `audit_log`: one row for each write that a person or program asked for, in the transaction of that write.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
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

/// A write as it was noted.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Its id.
    pub id: AuditId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// What kind of actor asked: `apiKey`, `operator`, `sharedLink` or `embed`.
    pub actor_type: String,
    /// The key, link or embed.
    pub actor: Option<Uuid>,
    /// The key's name.
    pub actor_name: Option<String>,
    /// What was done, `noun.verb`.
    pub action: String,
    /// To what.
    pub resource: Uuid,
    /// The request.
    pub trace: Option<Uuid>,
    /// What changed.
    pub detail: Option<Value>,
}

/// Which writes are wanted; what is left out does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Who asked.
    pub actor: Option<Uuid>,
    /// What was done.
    pub action: Option<String>,
    /// To what.
    pub resource: Option<Uuid>,
    /// Not before this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub to: Option<DateTime<Utc>>,
}

/// Longer than a clock is off and a transaction lasts: by how much an entry's id may differ from its time.
const SLACK: TimeDelta = TimeDelta::minutes(5);

/// The least id of a time.
pub(super) fn id_at(time: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// An organization's writes, newest first, before `before`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    organization: OrganizationId,
    filter: &Filter,
    before: Option<AuditId>,
    limit: i64,
) -> Result<Vec<Noted>, Error> {
    // Times narrow the range of ids that is read; what they say exactly is asked of each row.
    let first = filter.from.map(|from| id_at(from - SLACK));
    let end = filter.to.map(|to| id_at(to + SLACK));
    let before = before.map(|id| id.0).into_iter().chain(end).min();
    let (organization, limit) = (organization.0, limit);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization, &limit];
    let mut wanted = String::new();
    macro_rules! narrow {
        ($($value:expr, $condition:literal;)+) => {$(
            if let Some(value) = &$value {
                params.push(value);
                _ = write!(wanted, concat!(" AND a.", $condition, "{}"), params.len());
            }
        )+};
    }
    narrow! {
        before, "id < $"; first, "id >= $"; filter.from, "at >= $"; filter.to, "at < $";
        filter.actor, "actor_id = $"; filter.action, "action = $"; filter.resource, "resource_id = $";
    }
    let sql = format!(
        "SELECT a.id, a.at, a.actor_type, a.actor_id, k.name, a.action, a.resource_id, a.trace_id, a.detail
        FROM audit_log a LEFT JOIN api_keys k ON k.organization_id = a.organization_id AND k.id = a.actor_id
        WHERE a.organization_id = $1{wanted} ORDER BY a.id DESC LIMIT $2"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &params).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Noted, Error> {
    Ok(Noted {
        id: AuditId(row.try_get(0)?),
        at: row.try_get(1)?,
        actor_type: row.try_get(2)?,
        actor: row.try_get(3)?,
        actor_name: row.try_get(4)?,
        action: row.try_get(5)?,
        resource: row.try_get(6)?,
        trace: row.try_get(7)?,
        detail: row.try_get(8)?,
    })
}
