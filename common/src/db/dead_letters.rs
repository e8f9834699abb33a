//! `dead_letters`: what could not be worked off, for the operator to look at, replay or discard.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Error;
use crate::channels::Channel;
use crate::domain::ids::{DeadLetterId, OrganizationId};

/// Where a dead letter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A broker message that was delivered too often or that nobody could read.
    Queue,
    /// A row of `channel_events` that failed too often.
    ChannelEvent,
}

impl Source {
    /// The stored and shown word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::ChannelEvent => "channel_event",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Queue, Self::ChannelEvent]
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or_else(|| format!("{text} is no source of dead letters"))
    }
}

/// Something that could not be worked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// Whose it is; none for a broker message, which may concern several.
    pub organization: Option<OrganizationId>,
    /// Where it comes from.
    pub source: Source,
    /// The route it was on, as far as that is known.
    pub route: String,
    /// The channel event, if it is one.
    pub channel_event: Option<i64>,
    /// The broker message's body, if it is one.
    pub body: Option<Vec<u8>>,
    /// Why it was set aside.
    pub reason: String,
    /// When it was set aside.
    pub created_at: DateTime<Utc>,
    /// When it was given back to be worked off.
    pub replayed_at: Option<DateTime<Utc>>,
    /// When it was given up.
    pub discarded_at: Option<DateTime<Utc>>,
}

/// A lane with what it takes to send a pointer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneOwner {
    /// The lane.
    pub lane: Uuid,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The channel of its inbox.
    pub channel: Channel,
}

const COLUMNS: &str = "id, organization_id, source, route, channel_event_id, body, reason, created_at, replayed_at, discarded_at";

fn read(row: &Row) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        id: DeadLetterId(row.try_get(0)?),
        organization: row.try_get::<_, Option<_>>(1)?.map(OrganizationId),
        source: row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?,
        route: row.try_get(3)?,
        channel_event: row.try_get(4)?,
        body: row.try_get(5)?,
        reason: row.try_get(6)?,
        created_at: row.try_get(7)?,
        replayed_at: row.try_get(8)?,
        discarded_at: row.try_get(9)?,
    })
}

/// The newest dead letters, oldest of them first: those nobody has acted on, or all.
///
/// # Errors
/// When the database fails.
pub async fn list(client: &impl GenericClient, all: bool, most: i64) -> Result<Vec<DeadLetter>, Error> {
    let open = if all { "" } else { "WHERE replayed_at IS NULL AND discarded_at IS NULL" };
    let sql = format!("SELECT {COLUMNS} FROM dead_letters {open} ORDER BY id DESC LIMIT $1");
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&most]).await?;
    rows.iter().rev().map(read).collect()
}

/// How many dead letters nobody has acted on.
///
/// # Errors
/// When the database fails.
pub async fn count_open(client: &impl GenericClient) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL AND discarded_at IS NULL";
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}

/// The dead letter with this id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(client: &impl GenericClient, id: DeadLetterId) -> Result<Option<DeadLetter>, Error> {
    let statement =
        client.prepare_cached(&format!("SELECT {COLUMNS} FROM dead_letters WHERE id = $1")).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(read).transpose()
}

/// The dead letter with this id, locked until the transaction ends, so that two operators do not act on it at once.
///
/// # Errors
/// When the database fails.
pub async fn lock(client: &impl GenericClient, id: DeadLetterId) -> Result<Option<DeadLetter>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM dead_letters WHERE id = $1 FOR UPDATE");
    let statement = client.prepare_cached(&sql).await?;
    client.query_opt(&statement, &[&id.0]).await?.as_ref().map(read).transpose()
}

/// Notes that a dead letter was given back to be worked off.
///
/// # Errors
/// When the database fails.
pub async fn set_replayed(client: &impl GenericClient, id: DeadLetterId) -> Result<(), Error> {
    client.execute("UPDATE dead_letters SET replayed_at = now() WHERE id = $1", &[&id.0]).await?;
    Ok(())
}

/// Notes that a dead letter was given up.
///
/// # Errors
/// When the database fails.
pub async fn set_discarded(client: &impl GenericClient, id: DeadLetterId) -> Result<(), Error> {
    client.execute("UPDATE dead_letters SET discarded_at = now() WHERE id = $1", &[&id.0]).await?;
    Ok(())
}

/// Puts a channel event that was set aside back in line, with its failures forgotten; says whether it was set aside.
/// The sweep of missed events finds it.
///
/// # Errors
/// When the database fails.
pub async fn revive_channel_event(client: &impl GenericClient, id: i64) -> Result<bool, Error> {
    let sql = "UPDATE channel_events SET processed_at = NULL, effect = NULL, failures = 0
        WHERE id = $1 AND effect LIKE 'dead:%'";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &[&id]).await? == 1)
}

/// Owners and channels of lanes, those that there are.
///
/// # Errors
/// When the database fails.
pub async fn list_lane_owners(client: &impl GenericClient, lanes: &[Uuid]) -> Result<Vec<LaneOwner>, Error> {
    let sql = "SELECT l.conversation_id, l.organization_id, i.channel FROM lanes l JOIN inboxes i ON i.id = l.inbox_id
        WHERE l.conversation_id = ANY($1)";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&lanes]).await?;
    rows.iter()
        .map(|row| {
            let channel = row.try_get::<_, &str>(2)?.parse().map_err(Error::Stored)?;
            Ok(LaneOwner { lane: row.try_get(0)?, organization: OrganizationId(row.try_get(1)?), channel })
        })
        .collect()
}

/// Whose events wait in inbound lanes.
///
/// # Errors
/// When the database fails.
pub async fn list_event_owners(
    client: &impl GenericClient,
    lane_keys: &[Uuid],
) -> Result<Vec<OrganizationId>, Error> {
    let sql = "SELECT DISTINCT organization_id FROM channel_events WHERE lane_key = ANY($1) AND processed_at IS NULL";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&lane_keys]).await?;
    rows.iter().map(|row| Ok(OrganizationId(row.try_get(0)?))).collect()
}
