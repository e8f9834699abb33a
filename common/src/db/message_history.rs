//! All that is known around one message, for the operator: where it stands, what the channel told about it, what was told
//! to clients.
//!
//! Neither `channel_events` nor `events` has an index by message, which every write would pay for. Both are stored in the
//! order of time, so their part around the message is found by halving, and only that part is searched.

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::GenericClient;
use serde_json::Value;

use super::Error;
use crate::domain::ids::{EventId, InboxId, MessageId, OrganizationId};
use crate::domain::lane::LaneState;

/// Where a message stands, with what surrounds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its organization's name.
    pub organization_name: String,
    /// Its inbox.
    pub inbox: InboxId,
    /// The inbox's name.
    pub inbox_name: String,
    /// The inbox's channel.
    pub channel: String,
    /// Whether the inbox may send: `open`, `half_open` or `closed`.
    pub gate: String,
    /// When a closed gate is tried again.
    pub gate_probe_at: Option<DateTime<Utc>>,
    /// Why the inbox is not well.
    pub reasons: Vec<String>,
    /// Whether the inbox was deleted.
    pub inbox_deleted: bool,
    /// The conversation's state.
    pub conversation_state: String,
    /// The contact's address.
    pub address: String,
    /// When free-form replies stop being allowed.
    pub window_expires_at: Option<DateTime<Utc>>,
    /// What its lane is doing.
    pub lane: LaneState,
    /// Messages queued in the lane.
    pub queued: i32,
    /// When the scheduler looks at the lane.
    pub due_at: Option<DateTime<Utc>>,
    /// Since when the lane waits for admission.
    pub ready_at: Option<DateTime<Utc>>,
    /// Whether the message is in line.
    pub in_line: bool,
    /// Messages before it in line.
    pub ahead: i64,
    /// The request or webhook it came from.
    pub trace: uuid::Uuid,
    /// Its generation: one more than it was retried by hand.
    pub generation: i32,
    /// Refused tries in a row.
    pub failures: i32,
    /// When it is given up.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it stands outside its lane, if it does: `scheduled` or `held`.
    pub postponed: Option<String>,
    /// When the relay looks at it there.
    pub look_at: Option<DateTime<Utc>>,
}

/// What identifies a message in what the channel tells, and when it lived.
#[derive(Debug, Clone)]
pub struct Trail {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its inbox.
    pub inbox: InboxId,
    /// The message.
    pub message: MessageId,
    /// The provider's ids of it and the ids of its attempts, any of which an event may name.
    pub names: Vec<String>,
    /// Channel events that its timeline names.
    pub channel_events: Vec<i64>,
    /// The first entry of its timeline.
    pub from: DateTime<Utc>,
    /// The last one.
    pub to: DateTime<Utc>,
}

/// A channel event about a message.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelEvent {
    /// Its place in the stored order.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// When it was worked off.
    pub processed_at: Option<DateTime<Utc>>,
    /// Tries at working it off that failed.
    pub failures: i32,
    /// What became of it.
    pub effect: Option<String>,
    /// The event as the channel told it: holds addresses and text.
    pub payload: Value,
}

/// An entry of the event log about a message.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// Its id.
    pub id: EventId,
    /// The organization's number of it, once it is given.
    pub seq: Option<i64>,
    /// What happened, such as `message.sent`.
    pub kind: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What clients are told: holds addresses and text.
    pub payload: Value,
}

/// A table that is stored in the order of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    table: &'static str,
    order: &'static str,
    time: &'static str,
}

pub(super) const CHANNEL_EVENTS: Log = Log { table: "channel_events", order: "id", time: "received_at" };
pub(super) const EVENTS: Log = Log { table: "events", order: "position", time: "at" };

/// Webhooks that waited for the database are stored later than they were received.
const CHANNEL_MARGIN: TimeDelta = TimeDelta::hours(1);
/// Clocks of processes and server differ.
const CLOCK_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// Where a message stands.
///
/// # Errors
/// When the database fails.
pub async fn find_standing(
    client: &impl GenericClient,
    organization: OrganizationId,
    message: MessageId,
) -> Result<Option<Standing>, Error> {
    let sql = "SELECT o.name, i.id, i.name, i.channel, i.gate, i.gate_probe_at, i.reasons, i.deleted_at IS NOT NULL,
            c.state, c.address, c.window_expires_at, l.state, l.queued, l.due_at, l.ready_at,
            m.lane_position IS NOT NULL,
            (SELECT count(*) FROM messages a
                WHERE a.conversation_id = m.conversation_id AND a.lane_position < m.lane_position),
            m.trace_id, m.generation, m.failures, m.expires_at, m.postponed,
            (SELECT look_at FROM postponements WHERE message_id = m.id)
        FROM messages m
        JOIN organizations o ON o.id = m.organization_id
        JOIN conversations c ON c.organization_id = m.organization_id AND c.id = m.conversation_id
        JOIN inboxes i ON i.id = c.inbox_id
        JOIN lanes l ON l.conversation_id = m.conversation_id
        WHERE m.organization_id = $1 AND m.id = $2";
    let Some(row) = client.query_opt(sql, &[&organization.0, &message.0]).await? else { return Ok(None) };
    Ok(Some(Standing {
        organization_name: row.try_get(0)?,
        inbox: InboxId(row.try_get(1)?),
        inbox_name: row.try_get(2)?,
        channel: row.try_get(3)?,
        gate: row.try_get(4)?,
        gate_probe_at: row.try_get(5)?,
        reasons: row.try_get(6)?,
        inbox_deleted: row.try_get(7)?,
        conversation_state: row.try_get(8)?,
        address: row.try_get(9)?,
        window_expires_at: row.try_get(10)?,
        lane: row.try_get::<_, &str>(11)?.parse().map_err(Error::Stored)?,
        queued: row.try_get(12)?,
        due_at: row.try_get(13)?,
        ready_at: row.try_get(14)?,
        in_line: row.try_get(15)?,
        ahead: row.try_get(16)?,
        trace: row.try_get(17)?,
        generation: row.try_get(18)?,
        failures: row.try_get(19)?,
        expires_at: row.try_get(20)?,
        postponed: row.try_get(21)?,
        look_at: row.try_get(22)?,
    }))
}

/// The channel events that a message's timeline names, those that name the message within an hour of its timeline, and
/// those of its inbox that name it and wait to be worked off; in stored order.
///
/// # Errors
/// When the database fails.
pub async fn list_channel_events(
    client: &impl GenericClient,
    trail: &Trail,
) -> Result<Vec<ChannelEvent>, Error> {
    let first = first_since(client, CHANNEL_EVENTS, trail.from - CHANNEL_MARGIN).await?;
    let last = first_since(client, CHANNEL_EVENTS, trail.to + CHANNEL_MARGIN).await?;
    // Two ranges in one condition would read the whole table; the rows that wait have an index of their own.
    let sql = "WITH near AS (
            SELECT id, payload FROM channel_events WHERE id >= $4 AND id < $5 AND inbox_id = $3
            UNION ALL
            SELECT id, payload FROM channel_events WHERE id >= $5 AND processed_at IS NULL AND inbox_id = $3
        )
        SELECT id, kind, received_at, processed_at, failures, effect, payload FROM channel_events
        WHERE organization_id = $1 AND id IN (
            SELECT unnest($2::bigint[])
            UNION
            SELECT id FROM near
            WHERE EXISTS (SELECT 1 FROM unnest($6::text[]) AS name WHERE strpos(payload::text, name) > 0))
        ORDER BY id";
    let rows = client
        .query(
            sql,
            &[&trail.organization.0, &trail.channel_events, &trail.inbox.0, &first, &last, &trail.names],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ChannelEvent {
                id: row.try_get(0)?,
                kind: row.try_get(1)?,
                received_at: row.try_get(2)?,
                processed_at: row.try_get(3)?,
                failures: row.try_get(4)?,
                effect: row.try_get(5)?,
                payload: row.try_get(6)?,
            })
        })
        .collect()
}

/// The entries of the event log about a message, in order.
///
/// # Errors
/// When the database fails.
pub async fn list_events(client: &impl GenericClient, trail: &Trail) -> Result<Vec<LogEvent>, Error> {
    let first = first_since(client, EVENTS, trail.from - CLOCK_MARGIN).await?;
    let last = first_since(client, EVENTS, trail.to + CLOCK_MARGIN).await?;
    let sql = "SELECT id, seq, type, at, payload FROM events
        WHERE position >= $1 AND position < $2 AND organization_id = $3 AND message_id = $4 ORDER BY position";
    let rows = client.query(sql, &[&first, &last, &trail.organization.0, &trail.message.0]).await?;
    rows.iter()
        .map(|row| {
            Ok(LogEvent {
                id: EventId(row.try_get(0)?),
                seq: row.try_get(1)?,
                kind: row.try_get(2)?,
                at: row.try_get(3)?,
                payload: row.try_get(4)?,
            })
        })
        .collect()
}

/// The place in a log from which its rows are of `time` or later, found by halving.
pub(super) async fn first_since(
    client: &impl GenericClient,
    log: Log,
    time: DateTime<Utc>,
) -> Result<i64, Error> {
    let Log { table, order, time: column } = log;
    let bounds = format!("SELECT coalesce(min({order}), 0), coalesce(max({order}) + 1, 0) FROM {table}");
    let row = client.query_one(&bounds, &[]).await?;
    let (mut low, mut high): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let probe = format!(
        "SELECT {order}, {column} < $3 FROM {table} WHERE {order} >= $1 AND {order} < $2 ORDER BY {order} LIMIT 1"
    );
    let probe = client.prepare_cached(&probe).await?;
    while low < high {
        let middle = low + (high - low) / 2;
        match client.query_opt(&probe, &[&middle, &high, &time]).await? {
            Some(row) if row.try_get(1)? => low = row.try_get::<_, i64>(0)? + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

/// What a channel event says, if it is still there: holds addresses and text.
///
/// # Errors
/// When the database fails.
pub async fn find_payload(client: &impl GenericClient, id: i64) -> Result<Option<Value>, Error> {
    let row = client.query_opt("SELECT payload FROM channel_events WHERE id = $1", &[&id]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}
