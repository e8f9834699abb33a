//! `events`, read by number: whoever follows (organization, seq) never skips one, for numbers are given after the commit and become
//! visible in their order. Everything but the pipeline's own machinery reads events here.

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::Error;
use crate::domain::ids::{EventId, OrganizationId};

/// What an event is about, without what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its number in its organization; they follow one another without a gap.
    pub seq: i64,
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub kind: String,
    /// The inbox that it concerns.
    pub inbox: Option<Uuid>,
    /// The conversation that it concerns.
    pub conversation: Option<Uuid>,
    /// The message that it concerns.
    pub message: Option<Uuid>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// An event.
#[derive(Debug)]
pub struct Entry {
    /// What it is about.
    pub head: Head,
    /// What it tells: JSON, as it was written.
    pub payload: Box<RawValue>,
}

const HEAD: &str = "seq, id, type, inbox_id, conversation_id, message_id, at";

fn head(row: &Row) -> Result<Head, Error> {
    Ok(Head {
        seq: row.try_get(0)?,
        id: EventId(row.try_get(1)?),
        kind: row.try_get(2)?,
        inbox: row.try_get(3)?,
        conversation: row.try_get(4)?,
        message: row.try_get(5)?,
        at: row.try_get(6)?,
    })
}

fn entry(row: &Row) -> Result<Entry, Error> {
    let payload: Json<&RawValue> = row.try_get(7)?;
    Ok(Entry { head: head(row)?, payload: payload.0.to_owned() })
}

/// The next events after a number, in order. The first one's number tells whether those right after it are still there.
///
/// # Errors
/// When the database fails.
pub async fn read(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: i64,
    most: i64,
) -> Result<Vec<Entry>, Error> {
    let sql = format!(
        "SELECT {HEAD}, payload FROM events WHERE organization_id = $1 AND seq > $2 AND seq IS NOT NULL ORDER BY seq LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&organization.0, &after, &most]).await?.iter().map(entry).collect()
}

/// What follows a place in the log.
#[derive(Debug)]
pub enum Followed {
    /// The next events, none missing.
    Events(Vec<Entry>),
    /// What follows is no longer kept; this is.
    Purged(Extent),
}

/// The next events after a number, in order, if those right after it are still there.
///
/// # Errors
/// When the database fails.
pub async fn follow(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: i64,
    most: i64,
) -> Result<Followed, Error> {
    let entries = read(client, organization, after, most).await?;
    if entries.first().is_some_and(|entry| entry.head.seq == after + 1) {
        return Ok(Followed::Events(entries));
    }
    let extent = extent(client, organization).await?;
    if extent.first > after + 1 {
        return Ok(Followed::Purged(extent));
    }
    // Numbered since, they are there next time.
    Ok(Followed::Events(Vec::new()))
}

/// The same without what they tell.
///
/// # Errors
/// When the database fails.
pub async fn heads(
    client: &impl GenericClient,
    organization: OrganizationId,
    after: i64,
    most: i64,
) -> Result<Vec<Head>, Error> {
    let sql = format!(
        "SELECT {HEAD} FROM events WHERE organization_id = $1 AND seq > $2 AND seq IS NOT NULL ORDER BY seq LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&organization.0, &after, &most]).await?.iter().map(head).collect()
}

/// The events with these numbers; those that are no longer there are left out.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    organization: OrganizationId,
    seqs: &[i64],
) -> Result<Vec<Entry>, Error> {
    let sql = format!(
        "SELECT {HEAD}, payload FROM events WHERE organization_id = $1 AND seq = ANY($2) AND seq IS NOT NULL"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&organization.0, &seqs]).await?.iter().map(entry).collect()
}

/// The numbers that an organization's log now reaches from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first one that is kept; one past the last if none is.
    pub first: i64,
    /// The last one given.
    pub last: i64,
}

/// From where to where an organization's log reaches.
///
/// # Errors
/// When the database fails.
pub async fn extent(client: &impl GenericClient, organization: OrganizationId) -> Result<Extent, Error> {
    // What was purged is not looked through again.
    let sql = "SELECT s.last_seq, (SELECT e.seq FROM events e
            WHERE e.organization_id = $1 AND e.seq IS NOT NULL
                AND e.seq > coalesce((SELECT p.seq FROM event_purges p WHERE p.organization_id = $1), 0)
            ORDER BY e.seq LIMIT 1)
        FROM event_sequences s WHERE s.organization_id = $1";
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[&organization.0]).await? else {
        return Ok(Extent { first: 1, last: 0 });
    };
    let last: i64 = row.try_get(0)?;
    Ok(Extent { first: row.try_get::<_, Option<i64>>(1)?.unwrap_or(last + 1), last })
}

/// The last number of each of these organizations that has any.
///
/// # Errors
/// When the database fails.
pub async fn last_numbers(
    client: &impl GenericClient,
    organizations: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, Error> {
    let sql = "SELECT organization_id, last_seq FROM event_sequences WHERE organization_id = ANY($1)";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&organizations]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The number of the first event from a time on, found by halving; one past the last if there is none. Times rise with numbers
/// but for as long as a transaction lasts, so that whoever means a time allows for that.
///
/// # Errors
/// When the database fails.
pub async fn first_since(
    client: &impl GenericClient,
    organization: OrganizationId,
    time: DateTime<Utc>,
) -> Result<i64, Error> {
    let Extent { first, last } = extent(client, organization).await?;
    let (mut low, mut high) = (first, last + 1);
    let sql = "SELECT at < $3 FROM events WHERE organization_id = $1 AND seq >= $2 AND seq IS NOT NULL ORDER BY seq LIMIT 1";
    let statement = client.prepare_cached(sql).await?;
    while low < high {
        let middle = low + (high - low) / 2;
        let row = client.query_opt(&statement, &[&organization.0, &middle, &time]).await?;
        match row.map(|row| row.try_get::<_, bool>(0)).transpose()? {
            Some(true) => low = middle + 1,
            Some(false) | None => high = middle,
        }
    }
    Ok(low)
}

/// Adds an event that concerns no conversation, within the transaction of its cause.
///
/// # Errors
/// When the database fails.
pub async fn append(
    client: &impl GenericClient,
    organization: OrganizationId,
    kind: &str,
    payload: &Value,
) -> Result<(), Error> {
    let sql = "INSERT INTO events (id, organization_id, type, payload) VALUES ($1, $2, $3, $4)";
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, &[&EventId::new().0, &organization.0, &kind, payload]).await?;
    Ok(())
}
