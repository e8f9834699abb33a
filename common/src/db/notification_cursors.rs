//! `notification_cursors`: reads on in each organization's event log, and notes the emails that follow from it.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Error, Tx};
use crate::domain::content::Content;
use crate::domain::ids::UserId;

/// An event of which an assignee may have to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Whose event log it is of.
    pub organization: Uuid,
    /// The conversation.
    pub conversation: Uuid,
    /// What happened there.
    pub what: What,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an assignee may have to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The conversation was assigned to this user, or is nobody's now.
    Assigned(Option<Uuid>),
    /// The contact wrote this message, which somebody ought to read.
    Message(Uuid),
}

/// Organizations and events of each taken at once.
const ORGANIZATIONS: i64 = 64;
const EVENTS: i64 = 500;

/// An organization's log is read from its beginning.
const BEGIN: &str = "INSERT INTO notification_cursors (organization_id, seq)
    SELECT organization_id, 0 FROM event_sequences s
    WHERE NOT EXISTS (SELECT FROM notification_cursors c WHERE c.organization_id = s.organization_id)
    ON CONFLICT DO NOTHING";

/// The next events of organizations that are behind, after the last organization looked at; their cursors stay locked. Numbers
/// become visible in their order, so nothing below the highest one can come later. Of what concerns nobody, only the last row comes,
/// as it does of what a contact sends and nobody has to read.
const NEXT: &str = "WITH behind AS (
        SELECT c.organization_id, c.seq
        FROM notification_cursors c JOIN event_sequences s ON s.organization_id = c.organization_id
        WHERE c.organization_id > $1 AND s.last_seq > c.seq
        ORDER BY c.organization_id LIMIT $2 FOR UPDATE OF c SKIP LOCKED
    ), batch AS (
        SELECT b.organization_id, e.*, max(e.seq) OVER (PARTITION BY b.organization_id) AS last_seq
        FROM behind b CROSS JOIN LATERAL (
            SELECT seq, conversation_id, message_id, at,
                CASE WHEN type = 'message.received' AND payload #>> '{message,content,type}' = ANY($4)
                    THEN 'not to be read' ELSE type END AS type,
                CASE WHEN type = 'conversation.assigned' THEN payload #>> '{conversation,assignee,userId}' END AS assignee
            FROM events WHERE organization_id = b.organization_id AND seq > b.seq AND seq IS NOT NULL
            ORDER BY seq LIMIT $3
        ) e
    )
    SELECT organization_id, seq, type, conversation_id, message_id, at, assignee FROM batch
    WHERE type IN ('conversation.assigned', 'message.received') OR seq = last_seq
    ORDER BY organization_id, seq";

const ADVANCE: &str = "UPDATE notification_cursors c SET seq = w.seq
    FROM unnest($1::uuid[], $2::bigint[]) AS w (organization_id, seq) WHERE c.organization_id = w.organization_id";

/// Tells whom each conversation is assigned to now; joins the email that waits, if one does.
const NOTE: &str = "INSERT INTO notifications AS n
        (id, organization_id, conversation_id, user_id, assigned, message_id, due_at)
    SELECT w.id, w.organization_id, w.conversation_id, c.assignee_id, w.message_id IS NULL, w.message_id,
        w.at + $7 * interval '1 second'
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[])
        AS w (id, organization_id, conversation_id, user_id, message_id, at)
    JOIN conversations c ON c.organization_id = w.organization_id AND c.id = w.conversation_id
    WHERE c.assignee_id IS NOT NULL AND (w.user_id IS NULL OR w.user_id = c.assignee_id)
    ON CONFLICT (conversation_id, user_id) WHERE state = 'waiting' DO UPDATE
        SET assigned = n.assigned OR excluded.assigned, message_id = coalesce(excluded.message_id, n.message_id),
            due_at = least(n.due_at, excluded.due_at)
    RETURNING conversation_id, xmax <> 0";

/// What one look at the event log came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// The last organization looked at, if there may be others after it.
    pub after: Uuid,
    /// Whether more events may be waiting.
    pub more: bool,
    /// Events that joined an email that was waiting already.
    pub coalesced: u64,
}

/// Reads on in the event logs of some organizations after `after`, and notes the emails that follow from it.
///
/// # Errors
/// When the database fails; then nothing was read.
pub async fn follow(pool: &Pool, after: Uuid, delay: Duration) -> Result<Followed, Error> {
    let tx = Tx::open(pool).await?;
    let begin = tx.step(BEGIN, vec![]).await?;
    let skipped = Content::NOT_TO_BE_READ.as_slice();
    let next = tx.step(NEXT, vec![&after, &ORGANIZATIONS, &EVENTS, &skipped]).await?;
    let rows = tx.begin(&[begin, next]).await?.pop().unwrap_or_default();
    let (mut cursors, mut noted) = (Vec::<(Uuid, i64)>::new(), Vec::new());
    for row in &rows {
        let (organization, seq) = (row.try_get(0)?, row.try_get(1)?);
        match cursors.last_mut().filter(|(last, _)| *last == organization) {
            Some(cursor) => cursor.1 = seq,
            None => cursors.push((organization, seq)),
        }
        noted.extend(read_event(row, organization)?);
    }
    let Some(last) = cursors.last().map(|(organization, _)| *organization) else {
        tx.rollback().await?;
        return Ok(Followed { more: !after.is_nil(), ..Followed::default() });
    };
    let (organizations, seqs): (Vec<Uuid>, Vec<i64>) = cursors.into_iter().unzip();
    let (assignments, messages) = (Burst::assignments(&noted), Burst::messages(&noted));
    let (at_once, delay) = (0.0, delay.as_secs_f64());
    let steps = [
        tx.step(NOTE, assignments.params(&at_once)).await?,
        tx.step(NOTE, messages.params(&delay)).await?,
        tx.step(ADVANCE, vec![&organizations, &seqs]).await?,
    ];
    let answers = tx.commit(&steps).await?;
    let coalesced = assignments.coalesced(&answers[0]) + messages.coalesced(&answers[1]);
    Ok(Followed { after: last, more: true, coalesced })
}

fn read_event(row: &Row, organization: Uuid) -> Result<Option<Noted>, Error> {
    let Some(conversation) = row.try_get(3)? else { return Ok(None) };
    let what = match row.try_get::<_, &str>(2)? {
        "message.received" => row.try_get::<_, Option<Uuid>>(4)?.map(What::Message),
        "conversation.assigned" => {
            let user = row.try_get::<_, Option<&str>>(6)?.and_then(|id| id.parse::<UserId>().ok());
            Some(What::Assigned(user.map(|user| user.0)))
        }
        _ => None,
    };
    let at = row.try_get(5)?;
    Ok(what.map(|what| Noted { organization, conversation, what, at }))
}

/// Parameters of `NOTE`: one row for each conversation, as one statement meets a row only once.
#[derive(Debug, Default)]
struct Burst {
    ids: Vec<Uuid>,
    organizations: Vec<Uuid>,
    conversations: Vec<Uuid>,
    users: Vec<Option<Uuid>>,
    messages: Vec<Option<Uuid>>,
    ats: Vec<DateTime<Utc>>,
    events: HashMap<Uuid, u64>,
}

impl Burst {
    /// The last assignment of each conversation counts; that it is nobody's counts as none.
    fn assignments(noted: &[Noted]) -> Self {
        let mut last = HashMap::new();
        for event in noted {
            if let What::Assigned(user) = event.what {
                last.insert(event.conversation, (event, user));
            }
        }
        let mut burst = Self::default();
        for (event, user) in last.into_values() {
            if user.is_some() {
                burst.push(event, user, None);
            }
        }
        burst
    }

    /// Each conversation's first message sets the time, its newest is the one that is told.
    fn messages(noted: &[Noted]) -> Self {
        let (mut burst, mut places) = (Self::default(), HashMap::new());
        for event in noted {
            let What::Message(message) = event.what else { continue };
            match places.get(&event.conversation) {
                None => {
                    places.insert(event.conversation, burst.ids.len());
                    burst.push(event, None, Some(message));
                }
                Some(&place) => {
                    burst.messages[place] = Some(message);
                    *burst.events.entry(event.conversation).or_default() += 1;
                }
            }
        }
        burst
    }

    fn push(&mut self, event: &Noted, user: Option<Uuid>, message: Option<Uuid>) {
        self.ids.push(Uuid::now_v7());
        self.organizations.push(event.organization);
        self.conversations.push(event.conversation);
        self.users.push(user);
        self.messages.push(message);
        self.ats.push(event.at);
        self.events.insert(event.conversation, 1);
    }

    fn params<'a>(&'a self, delay: &'a f64) -> super::tx::Params<'a> {
        vec![
            &self.ids,
            &self.organizations,
            &self.conversations,
            &self.users,
            &self.messages,
            &self.ats,
            delay,
        ]
    }

    /// Events of these answered rows that did not begin an email.
    fn coalesced(&self, rows: &[Row]) -> u64 {
        let joined = rows.iter().map(|row| {
            let events = self.events.get(&row.get::<_, Uuid>(0)).copied().unwrap_or_default();
            events.saturating_sub(u64::from(!row.get::<_, bool>(1)))
        });
        joined.sum()
    }
}
