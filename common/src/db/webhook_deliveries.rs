//! `webhook_deliveries` and `webhook_attempts`: what is due is claimed, posted and recorded. Every function that moves rows holds
//! the lock of their endpoint, so that its limits and its order hold whatever number of workers there is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::{GenericClient, Pool, Transaction};
use serde_json::json;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::webhook_fanout::next_in_line;
use super::{Error, event_log, owner_notices, webhooks};
use crate::domain::ids::{EventId, InboxId, OrganizationId, WebhookDeliveryId, WebhookId};

/// Postings of one endpoint on their way at once; one while it fails, so that it costs little until it is well again.
pub const AT_ONCE: i64 = 8;
/// Failures in a row after which an endpoint counts as failing.
pub const FAILING: i32 = 4;
/// How long a pointer counts as on its way.
const POINTED_SECONDS: f64 = 30.0;

/// An endpoint as a worker needs it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its id; also the context of what is sealed.
    pub id: WebhookId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where events are posted to.
    pub url: String,
    /// Its secret, sealed, and the one before while that signs too.
    pub secrets: Vec<Vec<u8>>,
    /// JSON of further headers, sealed.
    pub headers: Option<Vec<u8>>,
    /// The header that takes the plain hex HMAC.
    pub hex_signature_header: Option<String>,
}

/// A posting that this process is to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The posting.
    pub id: WebhookDeliveryId,
    /// The event's number; none of a test.
    pub seq: Option<i64>,
    /// The event's id.
    pub event: EventId,
    /// Its type.
    pub kind: String,
    /// The number of this try; a record with an older one moves nothing.
    pub attempt: i32,
    /// Tries of this round, this one included.
    pub tries: i32,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
}

/// What a look at an endpoint came to.
#[derive(Debug)]
pub enum Claimed {
    /// There is nothing to do now.
    Nothing,
    /// As many are on their way as may be.
    Full,
    /// These are to be posted.
    Some(Box<Endpoint>, Vec<Claim>),
}

/// Endpoints for which a pointer is to be sent: those that have something due and no pointer on its way, and whether they fail.
///
/// # Errors
/// When the database fails.
pub async fn point(
    client: &impl GenericClient,
    only: Option<&[Uuid]>,
    most: i64,
) -> Result<Vec<(Uuid, bool)>, Error> {
    let sql = "UPDATE webhooks SET pointed_until = now() + $3 * interval '1 second'
        WHERE id = ANY(ARRAY(
            SELECT w.id FROM webhooks w
            WHERE ($1::uuid[] IS NULL OR w.id = ANY($1)) AND w.enabled AND w.deleted_at IS NULL
                AND (w.pointed_until IS NULL OR w.pointed_until < now()) AND (w.held_until IS NULL OR w.held_until < now())
                AND EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.ended_at IS NULL AND d.due_at <= now())
            ORDER BY w.id LIMIT $2 FOR NO KEY UPDATE))
        RETURNING id, failures >= $4";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&only, &most, &POINTED_SECONDS, &FAILING]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

const ENDPOINT: &str = "SELECT id, organization_id, url, secret,
        CASE WHEN previous_secret_until > now() THEN previous_secret END, headers, hex_signature_header, failures,
        held_until > now()
    FROM webhooks WHERE id = $1 AND enabled AND deleted_at IS NULL FOR NO KEY UPDATE";

const CLAIM: &str = "UPDATE webhook_deliveries
    SET state = 'sending', attempts = attempts + 1, tries = tries + 1, due_at = now() + $3 * interval '1 second'
    WHERE id = ANY(ARRAY(SELECT id FROM webhook_deliveries
        WHERE webhook_id = $1 AND ended_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT $2))
    RETURNING id, seq, event_id, event_type, attempts, tries, created_at";

const BEGIN_ATTEMPTS: &str = "INSERT INTO webhook_attempts (delivery_id, number, started_at)
    SELECT id, number, clock_timestamp() FROM unnest($1::uuid[], $2::int[]) AS r (id, number)";

fn endpoint(row: &Row) -> Result<Endpoint, Error> {
    let mut secrets = vec![row.try_get(3)?];
    secrets.extend(row.try_get::<_, Option<Vec<u8>>>(4)?);
    Ok(Endpoint {
        id: WebhookId(row.try_get(0)?),
        organization: OrganizationId(row.try_get(1)?),
        url: row.try_get(2)?,
        secrets,
        headers: row.try_get(5)?,
        hex_signature_header: row.try_get(6)?,
    })
}

fn claim_of(row: &Row) -> Result<Claim, Error> {
    Ok(Claim {
        id: WebhookDeliveryId(row.try_get(0)?),
        seq: row.try_get(1)?,
        event: EventId(row.try_get(2)?),
        kind: row.try_get(3)?,
        attempt: row.try_get(4)?,
        tries: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}

/// Takes what an endpoint has due, at most `most`; nobody else takes it while the lease lasts. Tries are noted before they leave.
///
/// # Errors
/// When the database fails.
pub async fn claim(pool: &Pool, webhook: Uuid, most: i64, lease: Duration) -> Result<Claimed, Error> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let row = tx.query_opt(&tx.prepare_cached(ENDPOINT).await?, &[&webhook]).await?;
    let Some(row) = row else { return Ok(Claimed::Nothing) };
    let failing = row.try_get::<_, i32>(7)? >= FAILING;
    let held = row.try_get::<_, Option<bool>>(8)? == Some(true);
    let sql = "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'sending' AND due_at > now()";
    let under_way: i64 = tx.query_one(&tx.prepare_cached(sql).await?, &[&webhook]).await?.try_get(0)?;
    let room = (if failing { 1 } else { AT_ONCE } - under_way).min(most);
    if room <= 0 && !held {
        return Ok(Claimed::Full);
    }
    let (room, seconds) = (if held { 0 } else { room }, lease.as_secs_f64());
    let rows = tx.query(&tx.prepare_cached(CLAIM).await?, &[&webhook, &room, &seconds]).await?;
    let mut claims = rows.iter().map(claim_of).collect::<Result<Vec<_>, _>>()?;
    claims.sort_unstable_by_key(|claim| claim.seq);
    let (ids, numbers): (Vec<Uuid>, Vec<i32>) =
        claims.iter().map(|claim| (claim.id.0, claim.attempt)).unzip();
    if !claims.is_empty() {
        tx.execute(&tx.prepare_cached(BEGIN_ATTEMPTS).await?, &[&ids, &numbers]).await?;
    }
    // While a worker is at it no pointer need be sent; once it found nothing, the next thing that is due needs one.
    let sql = "UPDATE webhooks SET pointed_until = CASE WHEN $2 THEN now() + $3 * interval '1 second' END WHERE id = $1";
    let at_it = !claims.is_empty();
    tx.execute(&tx.prepare_cached(sql).await?, &[&webhook, &at_it, &POINTED_SECONDS]).await?;
    tx.commit().await?;
    if claims.is_empty() {
        return Ok(Claimed::Nothing);
    }
    Ok(Claimed::Some(Box::new(endpoint(&row)?), claims))
}

/// Whether an endpoint counts as failing.
///
/// # Errors
/// When the database fails.
pub async fn is_failing(client: &impl GenericClient, webhook: Uuid) -> Result<bool, Error> {
    let statement = client.prepare_cached("SELECT failures >= $2 FROM webhooks WHERE id = $1").await?;
    let row = client.query_opt(&statement, &[&webhook, &FAILING]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
}

/// How a try went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// How it ended, as a word.
    pub outcome: &'static str,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The beginning of the answer's body.
    pub response: Option<String>,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// The pause that the endpoint asked for.
    pub pause: Option<Duration>,
}

/// What follows from a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Delivered,
    /// It is tried again after this while.
    Again(Duration),
    /// It was the last try of the round.
    Failed,
    /// The endpoint is gone for good.
    Gone,
}

/// What a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It holds.
    Done,
    /// It holds, and the endpoint was disabled for this reason.
    Disabled(&'static str),
    /// The lease was lost: only the try itself was noted.
    Stale,
}

/// An answer may quote what it answers: of a conversation that was erased meanwhile it is not kept.
const END_ATTEMPT: &str = "UPDATE webhook_attempts a SET ended_at = clock_timestamp(), outcome = $3, status = $4, error = $6,
        response = CASE WHEN d.conversation_id IS NULL OR EXISTS (
            SELECT FROM conversations c WHERE c.organization_id = d.organization_id AND c.id = d.conversation_id
        ) THEN $5 END
    FROM webhook_deliveries d WHERE a.delivery_id = $1 AND a.number = $2 AND a.ended_at IS NULL AND d.id = $1";

const END: &str = "UPDATE webhook_deliveries SET state = $3, due_at = CASE WHEN $3 = 'pending' THEN now() + $4 * interval '1 second' END,
        ended_at = CASE WHEN $3 <> 'pending' THEN now() END
    WHERE id = $1 AND attempts = $2 AND state = 'sending' RETURNING conversation_id";

/// Records how a try ended, and what follows from it for posting and endpoint.
///
/// # Errors
/// When the database fails.
pub async fn record(
    pool: &Pool,
    webhook: WebhookId,
    claim: &Claim,
    reply: &Reply,
    (verdict, disable_after): (Verdict, Duration),
) -> Result<Recorded, Error> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let sql = "SELECT organization_id, enabled FROM webhooks WHERE id = $1 FOR NO KEY UPDATE";
    let row = tx.query_one(&tx.prepare_cached(sql).await?, &[&webhook.0]).await?;
    let (organization, enabled) = (OrganizationId(row.try_get(0)?), row.try_get(1)?);
    let status = reply.status.map(|status| i16::try_from(status).unwrap_or(i16::MAX));
    let params: [&(dyn ToSql + Sync); 6] =
        [&claim.id.0, &claim.attempt, &reply.outcome, &status, &reply.response, &reply.error];
    tx.execute(&tx.prepare_cached(END_ATTEMPT).await?, &params).await?;
    let (state, wait) = match verdict {
        Verdict::Delivered => ("delivered", Duration::ZERO),
        Verdict::Again(wait) => ("pending", wait),
        Verdict::Failed => ("failed", Duration::ZERO),
        // It waits for an endpoint that is enabled again.
        Verdict::Gone => ("pending", Duration::ZERO),
    };
    let params: [&(dyn ToSql + Sync); 4] = [&claim.id.0, &claim.attempt, &state, &wait.as_secs_f64()];
    let ended = tx.query_opt(&tx.prepare_cached(END).await?, &params).await?;
    let Some(ended) = ended else {
        tx.commit().await?;
        return Ok(Recorded::Stale);
    };
    if let Some(conversation) = ended.try_get::<_, Option<Uuid>>(0)? {
        next_in_line(&tx, std::iter::once((webhook.0, conversation))).await?;
    }
    let reason = note_health(&tx, webhook, reply, verdict, disable_after).await?.filter(|_| enabled);
    if let Some(reason) = reason {
        disable(&tx, organization, webhook, reason).await?;
    }
    tx.commit().await?;
    Ok(reason.map_or(Recorded::Done, Recorded::Disabled))
}

/// Notes on the endpoint how the try went; why it is to be disabled, if it is.
async fn note_health(
    tx: &Transaction<'_>,
    webhook: WebhookId,
    reply: &Reply,
    verdict: Verdict,
    disable_after: Duration,
) -> Result<Option<&'static str>, Error> {
    if verdict == Verdict::Delivered {
        let sql = "UPDATE webhooks SET failures = 0, failing_since = NULL, held_until = NULL WHERE id = $1 AND failures > 0";
        tx.execute(&tx.prepare_cached(sql).await?, &[&webhook.0]).await?;
        return Ok(None);
    }
    let sql = "UPDATE webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, now()),
            held_until = greatest(held_until, now() + $2 * interval '1 second')
        WHERE id = $1 RETURNING failing_since < now() - $3 * interval '1 second'";
    let pause = reply.pause.map(|pause| pause.as_secs_f64());
    let row = tx
        .query_one(&tx.prepare_cached(sql).await?, &[&webhook.0, &pause, &disable_after.as_secs_f64()])
        .await?;
    Ok(match verdict {
        Verdict::Gone => Some("gone"),
        _ => row.try_get::<_, bool>(0)?.then_some("failing"),
    })
}

/// Disables an endpoint and tells of it in the event log.
async fn disable(
    tx: &Transaction<'_>,
    organization: OrganizationId,
    webhook: WebhookId,
    reason: &'static str,
) -> Result<(), Error> {
    let row = webhooks::find(tx, organization, webhook).await?;
    webhooks::enable(tx, organization, webhook, Some(reason)).await?;
    owner_notices::note_disabled(tx, organization, webhook).await?;
    let Some(known) = row else { return Ok(()) };
    let inboxes: Vec<InboxId> = known.inboxes.iter().copied().map(InboxId).collect();
    let payload = json!({
        "webhook": { "id": webhook, "url": known.url, "description": known.description, "inboxIds": inboxes },
        "reason": reason,
    });
    event_log::append(tx, organization, "webhook.disabled", &payload).await
}

/// Gives back what this process claimed and did not begin; somebody else may post it at once.
///
/// # Errors
/// When the database fails.
pub async fn give_back(pool: &Pool, claim: &Claim) -> Result<(), Error> {
    let client = pool.get().await?;
    let sql = "WITH undone AS (DELETE FROM webhook_attempts WHERE delivery_id = $1 AND number = $2 AND ended_at IS NULL)
        UPDATE webhook_deliveries SET state = 'pending', tries = tries - 1, due_at = now()
        WHERE id = $1 AND attempts = $2 AND state = 'sending'";
    client.execute(&client.prepare_cached(sql).await?, &[&claim.id.0, &claim.attempt]).await?;
    Ok(())
}

/// The next thing that is due to an endpoint needs a pointer again: whoever was at it stops.
///
/// # Errors
/// When the database fails.
pub async fn leave(pool: &Pool, webhook: Uuid) -> Result<(), Error> {
    let client = pool.get().await?;
    let sql = "UPDATE webhooks SET pointed_until = NULL WHERE id = $1";
    client.execute(&client.prepare_cached(sql).await?, &[&webhook]).await?;
    Ok(())
}

/// What waits to be posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Postings that are due, of enabled endpoints that do not fail; counted up to a limit.
    pub due: i64,
    /// Seconds for which the oldest of them has been due.
    pub due_seconds: i64,
    /// Events not read yet.
    pub events: i64,
    /// Age in seconds of the oldest of them.
    pub events_seconds: i64,
    /// Endpoints that fail.
    pub failing: i64,
}

/// How far behind the webhooks are.
///
/// # Errors
/// When the database fails.
pub async fn lag(client: &impl GenericClient) -> Result<Lag, Error> {
    let sql = "WITH behind AS (
            SELECT s.organization_id, s.last_seq, coalesce(c.seq, 0) AS seq
            FROM event_sequences s LEFT JOIN webhook_cursors c ON c.organization_id = s.organization_id
            WHERE s.last_seq > coalesce(c.seq, 0)
        ), due AS (
            SELECT count(d.n)::bigint AS n, min(d.due_at) AS since FROM webhooks w CROSS JOIN LATERAL (
                SELECT 1 AS n, due_at FROM webhook_deliveries
                WHERE webhook_id = w.id AND ended_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT 10000
            ) d WHERE w.enabled AND w.deleted_at IS NULL AND w.failing_since IS NULL
        )
        SELECT due.n, coalesce(extract(epoch FROM now() - due.since), 0)::bigint,
            (SELECT coalesce(sum(last_seq - seq), 0)::bigint FROM behind),
            (SELECT count(*) FROM webhooks WHERE enabled AND deleted_at IS NULL AND failing_since IS NOT NULL)
        FROM due";
    let row = client.query_one(&client.prepare_cached(sql).await?, &[]).await?;
    let mut lag =
        Lag { due: row.try_get(0)?, due_seconds: row.try_get(1)?, events: row.try_get(2)?, ..Lag::default() };
    lag.failing = row.try_get(3)?;
    if lag.events > 0 {
        lag.events_seconds = oldest_unread(client).await?;
    }
    Ok(lag)
}

async fn oldest_unread(client: &impl GenericClient) -> Result<i64, Error> {
    let sql = "SELECT s.organization_id, coalesce(c.seq, 0)
        FROM event_sequences s LEFT JOIN webhook_cursors c ON c.organization_id = s.organization_id
        WHERE s.last_seq > coalesce(c.seq, 0) ORDER BY s.last_seq - coalesce(c.seq, 0) DESC LIMIT 20";
    let mut oldest = None;
    for row in client.query(&client.prepare_cached(sql).await?, &[]).await? {
        let heads = event_log::heads(client, OrganizationId(row.try_get(0)?), row.try_get(1)?, 1).await?;
        oldest = heads.first().map(|head| head.at).into_iter().chain(oldest).min();
    }
    Ok(oldest.map_or(0, |at| (Utc::now() - at).num_seconds().max(0)))
}
