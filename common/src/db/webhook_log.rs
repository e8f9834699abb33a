//! `webhook_deliveries` and `webhook_attempts` as clients see them: what became of each posting, and postings that are asked for.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Error;
use super::webhook_fanout::next_in_line;
use crate::domain::event::TEST;
use crate::domain::ids::{EventId, OrganizationId, WebhookDeliveryId, WebhookId};

/// A posting.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// The endpoint.
    pub webhook: WebhookId,
    /// The event's number; none of a test.
    pub seq: Option<i64>,
    /// The event.
    pub event: EventId,
    /// Its type.
    pub kind: String,
    /// The conversation that it concerns.
    pub conversation: Option<Uuid>,
    /// `pending`, `sending`, `delivered` or `failed`.
    pub state: String,
    /// When it is tried next.
    pub due_at: Option<DateTime<Utc>>,
    /// Tries begun.
    pub attempts: i32,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A try.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number.
    pub number: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while nobody knows.
    pub ended_at: Option<DateTime<Utc>>,
    /// How, as a word.
    pub outcome: Option<String>,
    /// The HTTP status.
    pub status: Option<i16>,
    /// The beginning of the answer's body.
    pub response: Option<String>,
    /// What went wrong otherwise.
    pub error: Option<String>,
}

/// Which postings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    #[default]
    All,
    /// Those that have not ended.
    Pending,
    /// Those that were taken.
    Delivered,
    /// Those that were given up.
    Failed,
}

impl Which {
    /// Each has an index that is in its order, but for those that were taken, which are most of them.
    fn condition(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Pending => " AND ended_at IS NULL",
            Self::Delivered => " AND state = 'delivered'",
            Self::Failed => " AND state = 'failed'",
        }
    }
}

const COLUMNS: &str = "id, webhook_id, seq, event_id, event_type, conversation_id, state, due_at, attempts, created_at, ended_at";

fn read(row: &Row) -> Result<Delivery, Error> {
    Ok(Delivery {
        id: WebhookDeliveryId(row.try_get(0)?),
        webhook: WebhookId(row.try_get(1)?),
        seq: row.try_get(2)?,
        event: EventId(row.try_get(3)?),
        kind: row.try_get(4)?,
        conversation: row.try_get(5)?,
        state: row.try_get(6)?,
        due_at: row.try_get(7)?,
        attempts: row.try_get(8)?,
        created_at: row.try_get(9)?,
        ended_at: row.try_get(10)?,
    })
}

/// A page of an endpoint's postings, newest first, before `before`; of these types only, if any is named.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    (organization, webhook): (OrganizationId, WebhookId),
    (which, kinds): (Which, &[String]),
    before: Option<WebhookDeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook_deliveries WHERE organization_id = $1 AND webhook_id = $2 AND id < $3
            AND (cardinality($4::text[]) = 0 OR event_type = ANY($4)){} ORDER BY id DESC LIMIT $5",
        which.condition()
    );
    let statement = client.prepare_cached(&sql).await?;
    let before = before.map_or(Uuid::max(), |id| id.0);
    let params: [&(dyn ToSql + Sync); 5] = [&organization.0, &webhook.0, &before, &kinds, &limit];
    client.query(&statement, &params).await?.iter().map(read).collect()
}

/// One of an endpoint's postings, if it is there.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    (organization, webhook): (OrganizationId, WebhookId),
    id: WebhookDeliveryId,
) -> Result<Option<Delivery>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook_deliveries WHERE organization_id = $1 AND webhook_id = $2 AND id = $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &webhook.0, &id.0]).await?;
    row.as_ref().map(read).transpose()
}

/// The last tries of a posting that was found before, in order.
///
/// # Errors
/// When the database fails.
pub async fn attempts(client: &impl GenericClient, id: WebhookDeliveryId) -> Result<Vec<Attempt>, Error> {
    let sql = "SELECT number, started_at, ended_at, outcome, status, response, error FROM webhook_attempts
        WHERE delivery_id = $1 ORDER BY number DESC LIMIT 100";
    let rows = client.query(&client.prepare_cached(sql).await?, &[&id.0]).await?;
    let read = |row: &Row| {
        Ok::<_, Error>(Attempt {
            number: row.try_get(0)?,
            started_at: row.try_get(1)?,
            ended_at: row.try_get(2)?,
            outcome: row.try_get(3)?,
            status: row.try_get(4)?,
            response: row.try_get(5)?,
            error: row.try_get(6)?,
        })
    };
    rows.iter().rev().map(read).collect()
}

/// Notes a test of a locked endpoint, due at once.
///
/// # Errors
/// When the database fails.
pub async fn insert_test(
    client: &impl GenericClient,
    (organization, webhook): (OrganizationId, WebhookId),
) -> Result<Delivery, Error> {
    let sql = format!(
        "INSERT INTO webhook_deliveries (id, organization_id, webhook_id, event_id, event_type, due_at)
        VALUES ($1, $2, $3, $4, $5, now()) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (id, event) = (WebhookDeliveryId::new(), EventId::new());
    let row = client.query_one(&statement, &[&id.0, &organization.0, &webhook.0, &event.0, &TEST]).await?;
    read(&row)
}

/// Begins another round of a posting of a locked endpoint; none while the one before has not ended.
///
/// # Errors
/// When the database fails.
pub async fn again(
    client: &impl GenericClient,
    webhook: WebhookId,
    id: WebhookDeliveryId,
) -> Result<Option<Delivery>, Error> {
    let ordered: bool = {
        let sql = "SELECT ordered FROM webhooks WHERE id = $1";
        client.query_one(&client.prepare_cached(sql).await?, &[&webhook.0]).await?.try_get(0)?
    };
    let sql = format!(
        "UPDATE webhook_deliveries SET state = 'pending', tries = 0, ended_at = NULL,
            due_at = CASE WHEN $3 AND conversation_id IS NOT NULL AND seq IS NOT NULL THEN NULL ELSE now() END
        WHERE webhook_id = $1 AND id = $2 AND ended_at IS NOT NULL RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let Some(row) = client.query_opt(&statement, &[&webhook.0, &id.0, &ordered]).await? else {
        return Ok(None);
    };
    let delivery = read(&row)?;
    if let Some(conversation) = delivery.conversation.filter(|_| ordered) {
        next_in_line(client, std::iter::once((webhook.0, conversation))).await?;
    }
    Ok(Some(delivery))
}
