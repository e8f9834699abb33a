//! After the load: every reply is at the provider once, in order, shown as delivered, and told of by numbered events.

use std::collections::{HashMap, HashSet};

use hdrhistogram::Histogram;
use tokio_postgres::Client;

use crate::product::Product;
use crate::replies::{self, Replies};
use crate::report;
use crate::sandbox::{self, Taken};

/// What was found.
pub struct Verified {
    /// What must not be.
    pub faults: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// The ledger by recipient.
    ledger: HashMap<String, Vec<Taken>>,
}

/// Compares what the client was told, what the database holds, and what the provider took.
pub async fn verify(product: &Product, replies: &Replies<'_>) -> anyhow::Result<Verified> {
    let client = product.database.connect().await?;
    let ledger = sandbox::ledger(product.sandbox).await?;
    let stored = stored(&client).await?;
    let mut faults = Vec::new();
    let mut fault = |count: usize, what: &str| {
        if count > 0 {
            faults.push(format!("{count} {what}"));
        }
    };
    let at_provider: HashSet<u64> = ledger.values().flatten().map(|taken| taken.number).collect();
    let in_database: HashSet<u64> = stored.values().flatten().copied().collect();
    let accepted = replies.accepted();
    let told = || (0..).zip(&accepted).filter(|(_, at)| **at > 0).map(|(number, _)| number);
    fault(
        told().filter(|number| !in_database.contains(number)).count(),
        "replies got 202 and are not stored",
    );
    fault(
        in_database.difference(&at_provider).count(),
        "replies are stored and never reached the provider: lost",
    );
    let taken: usize = ledger.values().map(Vec::len).sum();
    fault(taken - at_provider.len(), "messages reached the provider more than once: doubled");
    fault(
        stored.iter().filter(|(address, order)| !in_order(ledger.get(*address), order)).count(),
        "conversations out of order",
    );
    let (database_faults, notes) = database(&client).await?;
    faults.extend(database_faults);
    let mut notes = [notes, vec![]].concat();
    let (told, conversations) = (told().count(), stored.len());
    notes.insert(
        0,
        format!(
            "verified: {told} replies with 202, {taken} at the provider, in {conversations} conversations"
        ),
    );
    Ok(Verified { faults, notes, ledger })
}

/// The numbers of the replies of each address, in the order in which the product accepted them.
async fn stored(client: &Client) -> anyhow::Result<HashMap<String, Vec<u64>>> {
    let sql = "SELECT c.address, m.content ->> 'text' FROM messages m
        JOIN conversations c ON c.organization_id = m.organization_id AND c.id = m.conversation_id
        WHERE m.direction = 'outbound' ORDER BY m.conversation_id, m.id";
    let mut stored = HashMap::<String, Vec<u64>>::new();
    for row in client.query(sql, &[]).await? {
        let number = replies::number_of(row.try_get(1)?);
        stored.entry(row.try_get(0)?).or_default().extend(number);
    }
    Ok(stored)
}

/// Whether the provider first took a conversation's messages in the order in which they were accepted.
fn in_order(taken: Option<&Vec<Taken>>, order: &[u64]) -> bool {
    let mut seen = HashSet::new();
    let first = taken.into_iter().flatten().map(|taken| taken.number).filter(|number| seen.insert(*number));
    first.eq(order.iter().copied())
}

/// What the database itself must show: all delivered, all lanes idle, all events there and numbered without gaps.
async fn database(client: &Client) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let checks = [
        ("messages are not delivered", "SELECT count(*) FROM messages WHERE status NOT IN ('delivered', 'read')"),
        ("lanes are not idle", "SELECT count(*) FROM lanes WHERE state <> 'idle'"),
        ("outbox rows are left", "SELECT count(*) FROM outbox"),
        ("channel events are not applied", "SELECT count(*) FROM channel_events WHERE processed_at IS NULL"),
        ("dead letters", "SELECT count(*) FROM dead_letters"),
        ("events have no number", "SELECT count(*) FROM events WHERE seq IS NULL"),
        (
            "messages lack an event (created, sent or delivered) or have one twice",
            "SELECT count(*) FROM (SELECT FROM messages m LEFT JOIN events e ON e.message_id = m.id
                AND e.type IN ('message.created', 'message.sent', 'message.delivered')
                GROUP BY m.id HAVING count(DISTINCT e.type) <> 3 OR count(*) <> 3) AS wrong",
        ),
        (
            "organizations whose events are not numbered 1, 2, 3 …",
            "SELECT count(*) FROM (SELECT FROM events GROUP BY organization_id
                HAVING min(seq) <> 1 OR max(seq) <> count(*)) AS wrong",
        ),
        (
            "events are numbered against their order within a conversation",
            "SELECT count(*) FROM (SELECT seq < lag(seq) OVER (PARTITION BY conversation_id ORDER BY position) AS wrong
                FROM events) AS e WHERE wrong",
        ),
    ];
    let mut faults = Vec::new();
    for (what, sql) in checks {
        let count: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
        if count > 0 {
            faults.push(format!("{count} {what}"));
        }
    }
    let row = client.query_one("SELECT count(*), (SELECT count(*) FROM attempts) FROM events", &[]).await?;
    let (events, attempts): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok((
        faults,
        vec![format!(
            "{attempts} attempts, {events} events, numbered without gaps unless a fault says otherwise"
        )],
    ))
}

impl Verified {
    /// From 202 to the provider's acceptance, of the replies with these numbers. The ledger tells milliseconds.
    pub fn to_provider(&self, replies: &Replies<'_>, numbers: std::ops::Range<u64>) -> Histogram<u64> {
        let (accepted, mut latency) = (replies.accepted(), report::histogram());
        for taken in self.ledger.values().flatten().filter(|taken| numbers.contains(&taken.number)) {
            let told = accepted.get(taken.number as usize).copied().unwrap_or_default();
            if told > 0 {
                // The provider may have been called before the answer reached the client: that is no wait at all.
                let wait = (taken.at.timestamp_micros() - told).max(1);
                latency.saturating_record(wait.unsigned_abs());
            }
        }
        latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_acceptance_of_each_message_counts() {
        let taken = |numbers: &[u64]| -> Vec<Taken> {
            numbers.iter().map(|number| Taken { number: *number, at: chrono::Utc::now() }).collect()
        };
        assert!(in_order(Some(&taken(&[1, 2, 1, 3])), &[1, 2, 3]));
        assert!(!in_order(Some(&taken(&[2, 1, 3])), &[1, 2, 3]));
        assert!(!in_order(Some(&taken(&[1])), &[1, 2]));
        assert!(!in_order(None, &[1]));
    }
}
