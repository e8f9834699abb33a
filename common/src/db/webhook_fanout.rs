//! `webhook_cursors`: reads on in each organization's event log, and notes what is to be posted to whom.

use std::collections::HashSet;

use deadpool_postgres::{GenericClient, Pool, Transaction};
use tokio_postgres::Row;
use uuid::Uuid;

use super::event_log::Head;
use super::{Error, event_log};
use crate::domain::event::EVERY;
use crate::domain::ids::{OrganizationId, WebhookDeliveryId};

/// Organizations and events of each taken at once.
const ORGANIZATIONS: i64 = 8;
const EVENTS: i64 = 200;

/// An organization's log is read from its beginning.
const BEGIN: &str = "INSERT INTO webhook_cursors (organization_id, seq)
    SELECT organization_id, 0 FROM event_sequences s
    WHERE NOT EXISTS (SELECT FROM webhook_cursors c WHERE c.organization_id = s.organization_id)
    ON CONFLICT DO NOTHING";

/// Organizations that are behind, after the last one looked at; their cursors stay locked. One that has no endpoint is not read.
const BEHIND: &str = "SELECT c.organization_id, c.seq, s.last_seq,
        EXISTS (SELECT FROM webhooks w WHERE w.organization_id = c.organization_id AND w.enabled AND w.deleted_at IS NULL)
    FROM webhook_cursors c JOIN event_sequences s ON s.organization_id = c.organization_id
    WHERE c.organization_id > $1 AND s.last_seq > c.seq
    ORDER BY c.organization_id LIMIT $2 FOR UPDATE OF c SKIP LOCKED";

const ADVANCE: &str = "UPDATE webhook_cursors SET seq = $2 WHERE organization_id = $1";

/// They are locked: nothing of theirs ends unseen while it is decided what waits behind what.
const TARGETS: &str = "SELECT id, event_types, inbox_ids, ordered, since_seq FROM webhooks
    WHERE organization_id = $1 AND enabled AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE";

const INSERT: &str = "INSERT INTO webhook_deliveries
        (id, organization_id, webhook_id, seq, event_id, event_type, conversation_id, due_at)
    SELECT id, $1, webhook_id, seq, event_id, event_type, conversation_id, CASE WHEN waits THEN NULL ELSE now() END
    FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::text[], $7::uuid[], $8::boolean[])
        AS r (id, webhook_id, seq, event_id, event_type, conversation_id, waits)
    ON CONFLICT (webhook_id, seq) WHERE seq IS NOT NULL DO NOTHING";

/// The first of each conversation's line is due.
const NEXT_IN_LINE: &str = "UPDATE webhook_deliveries d SET due_at = now()
    FROM unnest($1::uuid[], $2::uuid[]) AS r (webhook_id, conversation_id) CROSS JOIN LATERAL (
        SELECT id, due_at FROM webhook_deliveries
        WHERE webhook_id = r.webhook_id AND conversation_id = r.conversation_id AND ended_at IS NULL ORDER BY seq LIMIT 1
    ) first
    WHERE d.id = first.id AND first.due_at IS NULL";

/// Which events an endpoint is to get.
#[derive(Debug, Clone)]
pub struct Target {
    /// The endpoint.
    pub id: Uuid,
    /// Types of events, or `*`.
    pub event_types: Vec<String>,
    /// Inboxes; none means all.
    pub inboxes: Vec<Uuid>,
    /// Whether a conversation's events are posted one by one.
    pub ordered: bool,
    /// It gets events with a higher number only.
    pub since: i64,
}

impl Target {
    /// Reads id, types, inboxes, order and beginning.
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get(0)?,
            event_types: row.try_get(1)?,
            inboxes: row.try_get(2)?,
            ordered: row.try_get(3)?,
            since: row.try_get(4)?,
        })
    }

    /// Whether type and inbox of an event are asked for.
    pub fn wants(&self, head: &Head) -> bool {
        let kind = self.event_types.iter().any(|kind| kind == EVERY || *kind == head.kind);
        kind && (self.inboxes.is_empty() || head.inbox.is_some_and(|inbox| self.inboxes.contains(&inbox)))
    }
}

/// What is to be posted, by columns.
#[derive(Debug, Default)]
pub(super) struct Postings {
    pub ids: Vec<Uuid>,
    pub webhooks: Vec<Uuid>,
    pub seqs: Vec<i64>,
    pub events: Vec<Uuid>,
    pub kinds: Vec<String>,
    pub conversations: Vec<Option<Uuid>>,
    pub waits: Vec<bool>,
    /// Lines in which something was added: endpoint and conversation.
    pub lines: HashSet<(Uuid, Uuid)>,
}

impl Postings {
    pub(super) fn push(&mut self, target: &Target, head: &Head) {
        let line = head.conversation.filter(|_| target.ordered);
        self.ids.push(WebhookDeliveryId::new().0);
        self.webhooks.push(target.id);
        self.seqs.push(head.seq);
        self.events.push(head.id.0);
        self.kinds.push(head.kind.clone());
        self.conversations.push(head.conversation);
        self.waits.push(line.is_some());
        if let Some(conversation) = line {
            self.lines.insert((target.id, conversation));
        }
    }

    async fn insert(&self, tx: &impl GenericClient, organization: OrganizationId) -> Result<(), Error> {
        let statement = tx.prepare_cached(INSERT).await?;
        tx.execute(
            &statement,
            &[
                &organization.0,
                &self.ids,
                &self.webhooks,
                &self.seqs,
                &self.events,
                &self.kinds,
                &self.conversations,
                &self.waits,
            ],
        )
        .await?;
        next_in_line(tx, self.lines.iter().copied()).await
    }
}

/// Makes the first of each of these lines due, if it was not. Their endpoints are locked.
pub(super) async fn next_in_line(
    tx: &impl GenericClient,
    lines: impl Iterator<Item = (Uuid, Uuid)>,
) -> Result<(), Error> {
    let (webhooks, conversations): (Vec<Uuid>, Vec<Uuid>) = lines.unzip();
    if !webhooks.is_empty() {
        let statement = tx.prepare_cached(NEXT_IN_LINE).await?;
        tx.execute(&statement, &[&webhooks, &conversations]).await?;
    }
    Ok(())
}

/// What one look at the event logs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// The last organization looked at, if there may be others after it.
    pub after: Uuid,
    /// Whether more events may be waiting.
    pub more: bool,
    /// Endpoints to which something is to be posted.
    pub webhooks: Vec<Uuid>,
}

/// Reads on in the event logs of some organizations after `after`, and notes what is to be posted to whom.
///
/// # Errors
/// When the database fails; then nothing was read.
pub async fn follow(pool: &Pool, after: Uuid) -> Result<Followed, Error> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.execute(&tx.prepare_cached(BEGIN).await?, &[]).await?;
    let rows = tx.query(&tx.prepare_cached(BEHIND).await?, &[&after, &ORGANIZATIONS]).await?;
    let mut followed = Followed { more: !rows.is_empty() || !after.is_nil(), ..Followed::default() };
    for row in &rows {
        let organization = OrganizationId(row.try_get(0)?);
        let (seq, last, read): (i64, i64, bool) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let reached =
            if read { fan_out(&tx, organization, seq, &mut followed.webhooks).await? } else { last };
        tx.execute(&tx.prepare_cached(ADVANCE).await?, &[&organization.0, &reached]).await?;
        followed.after = organization.0;
    }
    tx.commit().await?;
    followed.webhooks.sort_unstable();
    followed.webhooks.dedup();
    Ok(followed)
}

/// Notes what follows from the next events; the number reached.
async fn fan_out(
    tx: &Transaction<'_>,
    organization: OrganizationId,
    after: i64,
    touched: &mut Vec<Uuid>,
) -> Result<i64, Error> {
    let rows = tx.query(&tx.prepare_cached(TARGETS).await?, &[&organization.0]).await?;
    let targets = rows.iter().map(Target::read).collect::<Result<Vec<_>, _>>()?;
    let heads = event_log::heads(tx, organization, after, EVENTS).await?;
    let mut postings = Postings::default();
    for head in &heads {
        for target in targets.iter().filter(|target| head.seq > target.since && target.wants(head)) {
            postings.push(target, head);
        }
    }
    if !postings.ids.is_empty() {
        postings.insert(tx, organization).await?;
        touched.extend(&postings.webhooks);
    }
    Ok(heads.last().map_or(after, |head| head.seq))
}
