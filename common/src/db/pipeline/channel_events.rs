//! `channel_events`: what the providers told us, stored once, worked off in stored order.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use super::load::json;
use crate::channels::{Channel, EventKind, RawEvent};
use crate::db::{Error, Tx};
use crate::domain::ids::{InboxId, OrganizationId};

/// A raw event on its way into the table.
#[derive(Debug, Clone)]
pub struct NewChannelEvent {
    /// The inbox's organization.
    pub organization: OrganizationId,
    /// The inbox.
    pub inbox: InboxId,
    /// The channel.
    pub channel: Channel,
    /// The event.
    pub event: RawEvent,
    /// When its webhook was received.
    pub received_at: DateTime<Utc>,
    /// The webhook's trace.
    pub trace: Uuid,
}

/// An event that waits to be worked off.
#[derive(Debug, Clone)]
pub struct WaitingEvent {
    /// Its place in the stored order.
    pub id: i64,
    /// Its organization.
    pub organization: Uuid,
    /// Its inbox.
    pub inbox: Uuid,
    /// Its channel.
    pub channel: Channel,
    /// What it is.
    pub kind: EventKind,
    /// Its lane.
    pub lane_key: Uuid,
    /// The event itself.
    pub payload: serde_json::Value,
    /// The webhook's trace.
    pub trace: Uuid,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Tries at working it off that failed.
    pub failures: i32,
    /// Whether its inbox was deleted meanwhile.
    pub inbox_deleted: bool,
}

/// The first 128 bits of the SHA-256 of the parts.
pub fn digest(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(first)
}

/// The lane of events about a contact's address at an inbox.
pub fn lane_key(inbox: InboxId, address: &str) -> Uuid {
    digest(&[inbox.0.as_bytes(), address.as_bytes()])
}

/// The key of a lane's advisory lock.
pub fn lock_key(lane_key: Uuid) -> i64 {
    lane_key.as_u64_pair().0.cast_signed()
}

/// Takes the advisory locks of lanes, given in order.
pub const LOCK: &str = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k";

/// The unprocessed events of lanes, in stored order.
pub const WAITING: &str =
    "SELECT id, organization_id, inbox_id, channel, kind, lane_key, payload, trace_id, received_at,
        failures, EXISTS (SELECT 1 FROM inboxes i WHERE i.id = channel_events.inbox_id AND i.deleted_at IS NOT NULL)
    FROM channel_events
    WHERE lane_key = ANY($1) AND processed_at IS NULL ORDER BY id LIMIT $2";

/// Moves what waits in one lane to another: lanes from and to. What is being stored at this very moment stays where it is, and
/// is worked off there.
pub const RELANE: &str =
    "UPDATE channel_events SET lane_key = $2 WHERE lane_key = $1 AND processed_at IS NULL RETURNING id";

/// An address that is linked to another takes that one's lane: `lane_key` of the address that its conversation began with,
/// wherever replies go by now.
const INSERT: &str = "WITH r AS (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
            $8::uuid[], $9::timestamptz[], $10::text[]) WITH ORDINALITY
        AS r (organization_id, inbox_id, channel, kind, key, lane_key, payload, trace_id, received_at, address, n)
    ), fresh AS (
        INSERT INTO channel_event_keys (inbox_id, key) SELECT inbox_id, key FROM r ORDER BY inbox_id, key
        ON CONFLICT DO NOTHING RETURNING inbox_id, key
    )
    INSERT INTO channel_events (organization_id, inbox_id, channel, kind, lane_key, payload, trace_id, received_at)
    SELECT r.organization_id, inbox_id, r.channel, r.kind, coalesce((
            SELECT encode(substr(sha256(int8send(16) || uuid_send(a.inbox_id) || int8send(octet_length(b.began))
                || convert_to(b.began, 'UTF8')), 1, 16), 'hex')::uuid
            FROM contact_addresses a JOIN conversations c
                ON c.organization_id = a.organization_id AND c.id = a.conversation_id
            CROSS JOIN LATERAL (SELECT coalesce(c.lane_address, c.address) AS began) b
            WHERE b.began <> a.address AND a.inbox_id = r.inbox_id AND a.address = r.address
        ), r.lane_key), r.payload::jsonb, r.trace_id, r.received_at
    FROM r JOIN fresh USING (inbox_id, key) ORDER BY r.n RETURNING lane_key";

#[derive(Default)]
struct Columns {
    organizations: Vec<Uuid>,
    inboxes: Vec<Uuid>,
    channels: Vec<&'static str>,
    kinds: Vec<&'static str>,
    keys: Vec<Uuid>,
    lanes: Vec<Uuid>,
    payloads: Vec<String>,
    traces: Vec<Uuid>,
    received: Vec<DateTime<Utc>>,
    addresses: Vec<String>,
    seen: HashSet<(Uuid, Uuid)>,
}

impl Columns {
    /// Adds an event, unless the group has it already.
    fn push(&mut self, new: &NewChannelEvent) {
        let event = &new.event;
        let key = digest(&[event.kind.as_str().as_bytes(), event.dedupe_key.as_bytes()]);
        if !self.seen.insert((new.inbox.0, key)) {
            return;
        }
        self.organizations.push(new.organization.0);
        self.inboxes.push(new.inbox.0);
        self.channels.push(new.channel.as_str());
        self.kinds.push(event.kind.as_str());
        self.keys.push(key);
        self.lanes.push(lane_key(new.inbox, &event.address));
        self.payloads.push(event.payload.to_string());
        self.traces.push(new.trace);
        self.received.push(new.received_at);
        self.addresses.push(event.address.clone());
    }
}

/// Stores events in the order given, each once however often it comes; returns the lane of each one that was new.
///
/// # Errors
/// When the database fails; then nothing is stored.
pub async fn insert(pool: &Pool, events: &[NewChannelEvent]) -> Result<Vec<Uuid>, Error> {
    let mut columns = Columns::default();
    events.iter().for_each(|event| columns.push(event));
    let client = pool.get().await?;
    let statement = client.prepare_cached(INSERT).await?;
    let c = &columns;
    let rows = client
        .query(
            &statement,
            &[
                &c.organizations,
                &c.inboxes,
                &c.channels,
                &c.kinds,
                &c.keys,
                &c.lanes,
                &c.payloads,
                &c.traces,
                &c.received,
                &c.addresses,
            ],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Keeps a body that could not be taken apart, whole.
///
/// # Errors
/// When the database fails.
pub async fn insert_unparsed(pool: &Pool, channel: Channel, body: &[u8], reason: &str) -> Result<(), Error> {
    let client = pool.get().await?;
    client
        .execute(
            "INSERT INTO unparsed_webhooks (id, channel, body, reason, digest) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (digest) DO NOTHING",
            &[&Uuid::now_v7(), &channel.as_str(), &body, &reason, &digest(&[body])],
        )
        .await?;
    Ok(())
}

impl WaitingEvent {
    /// Reads a row of `WAITING`.
    ///
    /// # Errors
    /// When a column is not what it should be.
    pub fn read(row: &Row) -> Result<Self, Error> {
        let kind = match row.try_get(4)? {
            "message" => EventKind::Message,
            "status" => EventKind::Status,
            _ => EventKind::Other,
        };
        Ok(Self {
            id: row.try_get(0)?,
            organization: row.try_get(1)?,
            inbox: row.try_get(2)?,
            channel: row.try_get::<_, &str>(3)?.parse().map_err(Error::Stored)?,
            kind,
            lane_key: row.try_get(5)?,
            payload: json(row, 6)?,
            trace: row.try_get(7)?,
            received_at: row.try_get(8)?,
            failures: row.try_get(9)?,
            inbox_deleted: row.try_get(10)?,
        })
    }
}

/// Counts a failed try at working an event off; sets it aside as a dead letter after `most`.
///
/// # Errors
/// When the database fails.
pub async fn fail(tx: Tx, id: i64, reason: &str, most: i32) -> Result<(), Error> {
    let sql = "WITH failed AS (
            UPDATE channel_events SET failures = failures + 1,
                processed_at = CASE WHEN failures + 1 >= $3 THEN now() END,
                effect = CASE WHEN failures + 1 >= $3 THEN 'dead: ' || $2 END
            WHERE id = $1 AND processed_at IS NULL RETURNING id, organization_id, processed_at
        )
        INSERT INTO dead_letters (id, organization_id, source, route, channel_event_id, reason)
        SELECT $4, organization_id, 'channel_event', 'inbound', id, $2 FROM failed WHERE processed_at IS NOT NULL";
    let dead = Uuid::now_v7();
    let step = tx.step(sql, vec![&id, &reason, &most, &dead]).await?;
    tx.begin(&[]).await?;
    tx.commit(&[step]).await?;
    Ok(())
}

/// Lanes after `after` that have events which nobody worked off for two seconds, in key order.
///
/// # Errors
/// When the database fails.
pub async fn list_missed(pool: &Pool, after: Uuid, most: i64) -> Result<Vec<Uuid>, Error> {
    let client = pool.get().await?;
    let sql = "SELECT lane_key FROM channel_events WHERE processed_at IS NULL AND lane_key > $1
        GROUP BY lane_key HAVING min(received_at) < now() - interval '2 seconds' ORDER BY lane_key LIMIT $2";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, &[&after, &most]).await?.iter().map(|row| row.get(0)).collect())
}

/// How far the envelopes of an api process have been stored.
///
/// # Errors
/// When the database fails.
pub async fn progress(pool: &Pool, process: Uuid) -> Result<i64, Error> {
    let client = pool.get().await?;
    let sql = "SELECT coalesce(max(stored), 0) FROM intake_progress WHERE process_id = $1";
    Ok(client.query_one(sql, &[&process]).await?.get(0))
}

/// Notes that the envelopes of an api process have been stored up to `number`.
///
/// # Errors
/// When the database fails.
pub async fn set_progress(pool: &Pool, process: Uuid, number: i64) -> Result<(), Error> {
    let client = pool.get().await?;
    let sql = "INSERT INTO intake_progress AS p (process_id, stored) VALUES ($1, $2)
        ON CONFLICT (process_id) DO UPDATE SET stored = greatest(p.stored, excluded.stored), updated_at = now()";
    client.execute(sql, &[&process, &number]).await?;
    Ok(())
}
