//! `webhook_replays`: events that are to be posted again, worked off bit by bit.

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::{GenericClient, Pool, Transaction};
use tokio_postgres::Row;
use uuid::Uuid;

use super::webhook_fanout::{Postings, Target, next_in_line};
use super::{Error, event_log, retention};
use crate::domain::ids::{OrganizationId, WebhookId, WebhookReplayId};

/// Events or postings of a step.
const STEP: i64 = 500;
/// Times rise with numbers but for as long as a transaction lasts.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// A replay that was asked for.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Its id.
    pub id: WebhookReplayId,
    /// The endpoint.
    pub webhook: WebhookId,
    /// From this time, of a range.
    pub from: Option<DateTime<Utc>>,
    /// Up to this time, of a range.
    pub to: Option<DateTime<Utc>>,
    /// Postings queued so far.
    pub queued: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was through.
    pub ended_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, webhook_id, from_time, to_time, queued, created_at, ended_at";

fn read(row: &Row) -> Result<Replay, Error> {
    Ok(Replay {
        id: WebhookReplayId(row.try_get(0)?),
        webhook: WebhookId(row.try_get(1)?),
        from: row.try_get(2)?,
        to: row.try_get(3)?,
        queued: row.try_get(4)?,
        created_at: row.try_get(5)?,
        ended_at: row.try_get(6)?,
    })
}

/// What asking for a replay came to.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It is noted.
    Replay(Replay),
    /// Events of that time are no longer kept, the latest of this one.
    Purged(DateTime<Utc>),
}

/// Asks, in a transaction, for the events of a time: those that were posted are posted again, those that were not are for the first
/// time. They stay until then.
///
/// # Errors
/// When the database fails.
pub async fn insert_range(
    client: &impl GenericClient,
    (organization, webhook): (OrganizationId, WebhookId),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Asked, Error> {
    let purged = retention::hold(client, organization).await?.since;
    if let Some(last) = purged.filter(|last| *last >= from) {
        return Ok(Asked::Purged(last));
    }
    let first = event_log::first_since(client, organization, from - MARGIN).await?;
    let last = event_log::first_since(client, organization, to + MARGIN).await?;
    let sql = format!(
        "INSERT INTO webhook_replays (id, organization_id, webhook_id, kind, from_time, to_time, reached_seq, last_seq)
        VALUES ($1, $2, $3, 'range', $4, $5, $6, $7) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    let id = WebhookReplayId::new();
    let (reached, last) = (first - 1, last - 1);
    let row = client
        .query_one(&statement, &[&id.0, &organization.0, &webhook.0, &from, &to, &reached, &last])
        .await?;
    Ok(Asked::Replay(read(&row)?))
}

/// Asks for everything that has failed by now.
///
/// # Errors
/// When the database fails.
pub async fn insert_failed(
    client: &impl GenericClient,
    (organization, webhook): (OrganizationId, WebhookId),
) -> Result<Replay, Error> {
    let sql = format!(
        "INSERT INTO webhook_replays (id, organization_id, webhook_id, kind, last_id) VALUES ($1, $2, $3, 'failed', $4)
        RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await?;
    // Ids rise with time: what fails from now on and was noted before is asked for too.
    let (id, last) = (WebhookReplayId::new(), Uuid::now_v7());
    read(&client.query_one(&statement, &[&id.0, &organization.0, &webhook.0, &last]).await?)
}

/// A replay of an endpoint, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    client: &impl GenericClient,
    (organization, webhook): (OrganizationId, WebhookId),
    id: WebhookReplayId,
) -> Result<Option<Replay>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhook_replays WHERE organization_id = $1 AND webhook_id = $2 AND id = $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&organization.0, &webhook.0, &id.0]).await?;
    row.as_ref().map(read).transpose()
}

struct Progress {
    id: Uuid,
    organization: OrganizationId,
    webhook: Uuid,
    ordered: bool,
    range: Option<(DateTime<Utc>, DateTime<Utc>, i64)>,
    reached_seq: i64,
    reached_id: Uuid,
    last_id: Option<Uuid>,
}

/// Takes the oldest replay a step further; the endpoint to which something is to be posted, or nothing if there is no replay.
///
/// # Errors
/// When the database fails; then nothing was done.
pub async fn step(pool: &Pool) -> Result<Option<Uuid>, Error> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let sql = "SELECT id, organization_id, webhook_id, from_time, to_time, last_seq, reached_seq, reached_id, last_id
        FROM webhook_replays WHERE ended_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
    let Some(row) = tx.query_opt(&tx.prepare_cached(sql).await?, &[]).await? else { return Ok(None) };
    let webhook: Uuid = row.try_get(2)?;
    let sql = "SELECT id, event_types, inbox_ids, ordered, since_seq FROM webhooks
        WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE";
    let target = tx.query_opt(&tx.prepare_cached(sql).await?, &[&webhook]).await?;
    let target = target.as_ref().map(Target::read).transpose()?;
    let range = match (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?) {
        (Some(from), Some(to), Some(last)) => Some((from, to, last)),
        _ => None,
    };
    let progress = Progress {
        id: row.try_get(0)?,
        organization: OrganizationId(row.try_get(1)?),
        webhook,
        ordered: target.as_ref().is_some_and(|target| target.ordered),
        range,
        reached_seq: row.try_get(6)?,
        reached_id: row.try_get(7)?,
        last_id: row.try_get(8)?,
    };
    match target {
        // Deleted meanwhile.
        None => reached(&tx, &progress, 0, true).await?,
        Some(target) if progress.range.is_some() => range_step(&tx, progress, &target).await?,
        Some(_) => failed_step(&tx, progress).await?,
    }
    tx.commit().await?;
    Ok(Some(webhook))
}

/// Another round of those that have ended, the first of those that there were not.
const UPSERT: &str = "INSERT INTO webhook_deliveries AS d
        (id, organization_id, webhook_id, seq, event_id, event_type, conversation_id, due_at)
    SELECT id, $1, webhook_id, seq, event_id, event_type, conversation_id, CASE WHEN waits THEN NULL ELSE now() END
    FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::text[], $7::uuid[], $8::boolean[])
        AS r (id, webhook_id, seq, event_id, event_type, conversation_id, waits)
    ON CONFLICT (webhook_id, seq) WHERE seq IS NOT NULL DO UPDATE
        SET state = 'pending', tries = 0, ended_at = NULL, due_at = excluded.due_at WHERE d.ended_at IS NOT NULL";

async fn range_step(tx: &Transaction<'_>, mut progress: Progress, target: &Target) -> Result<(), Error> {
    let Some((from, to, last)) = progress.range else { return Ok(()) };
    let heads = event_log::heads(tx, progress.organization, progress.reached_seq, STEP).await?;
    let mut postings = Postings::default();
    for head in heads.iter().filter(|head| head.seq <= last && head.at >= from && head.at < to) {
        if target.wants(head) {
            postings.push(target, head);
        }
    }
    let columns = &postings;
    let queued = tx
        .execute(
            &tx.prepare_cached(UPSERT).await?,
            &[
                &progress.organization.0,
                &columns.ids,
                &columns.webhooks,
                &columns.seqs,
                &columns.events,
                &columns.kinds,
                &columns.conversations,
                &columns.waits,
            ],
        )
        .await?;
    next_in_line(tx, postings.lines.iter().copied()).await?;
    let through = heads.last().is_none_or(|head| head.seq >= last);
    progress.reached_seq = heads.last().map_or(last, |head| head.seq);
    reached(tx, &progress, queued, through).await
}

async fn failed_step(tx: &Transaction<'_>, mut progress: Progress) -> Result<(), Error> {
    let sql = "UPDATE webhook_deliveries SET state = 'pending', tries = 0, ended_at = NULL,
            due_at = CASE WHEN $5 AND conversation_id IS NOT NULL AND seq IS NOT NULL THEN NULL ELSE now() END
        WHERE id = ANY(ARRAY(SELECT id FROM webhook_deliveries
            WHERE webhook_id = $1 AND state = 'failed' AND id > $2 AND id <= $3 AND (seq IS NULL OR seq > $6)
            ORDER BY id LIMIT $4))
        RETURNING id, conversation_id";
    let (webhook, ordered) = (progress.webhook, progress.ordered);
    let last = progress.last_id.unwrap_or_default();
    // Of what is no longer kept there is nothing to post.
    let purged = retention::hold(tx, progress.organization).await?.after;
    let rows = tx
        .query(
            &tx.prepare_cached(sql).await?,
            &[&webhook, &progress.reached_id, &last, &STEP, &ordered, &purged],
        )
        .await?;
    let mut lines = Vec::new();
    for row in &rows {
        progress.reached_id = progress.reached_id.max(row.try_get(0)?);
        lines.extend(row.try_get::<_, Option<Uuid>>(1)?.filter(|_| ordered).map(|id| (webhook, id)));
    }
    lines.sort_unstable();
    lines.dedup();
    next_in_line(tx, lines.into_iter()).await?;
    let through = (rows.len() as i64) < STEP;
    reached(tx, &progress, rows.len() as u64, through).await
}

async fn reached(
    tx: &impl GenericClient,
    progress: &Progress,
    queued: u64,
    through: bool,
) -> Result<(), Error> {
    let sql = "UPDATE webhook_replays SET reached_seq = $2, reached_id = $3, queued = queued + $4,
            ended_at = CASE WHEN $5 THEN now() END WHERE id = $1";
    let queued = i64::try_from(queued).unwrap_or(i64::MAX);
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&progress.id, &progress.reached_seq, &progress.reached_id, &queued, &through])
        .await?;
    Ok(())
}
