//! What must be true once everything has calmed down: nothing waits anywhere, and the provider got each message once, in order.

use std::collections::HashMap;
use std::time::Duration;

use common::testing::eventually;
use serde_json::Value;

use crate::{Sent, System};

/// What may wait, with the statement that counts it.
const WAITING: &[(&str, &str)] = &[
    ("queued messages", "SELECT count(*) FROM messages WHERE lane_position IS NOT NULL"),
    ("lanes that are not idle", "SELECT count(*) FROM lanes WHERE state <> 'idle'"),
    ("outbox rows", "SELECT count(*) FROM outbox"),
    ("channel events to be worked off", "SELECT count(*) FROM channel_events WHERE processed_at IS NULL"),
    ("events without a number", "SELECT count(*) FROM events WHERE seq IS NULL"),
    (
        "parked statuses",
        "SELECT count(*) FROM provider_ids WHERE message_id IS NULL OR parked IS NOT NULL OR parked_reactions IS NOT NULL",
    ),
    ("dead letters", "SELECT count(*) FROM dead_letters"),
];

/// A message as the provider accepted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The contact.
    pub recipient: String,
    /// The text.
    pub text: String,
    /// The provider's id of it.
    pub provider_id: String,
}

impl System {
    /// Waits until nothing waits anywhere any more and every message that we sent has this status.
    ///
    /// # Panics
    /// When that takes longer than `deadline`.
    pub async fn at_rest(&self, status: &str, deadline: Duration) {
        eventually("everything is at rest", deadline, async || match self.unrest(status).await {
            Ok(waiting) if waiting.is_empty() => Ok(()),
            Ok(waiting) => Err(format!("{waiting:?}")),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }

    async fn unrest(&self, status: &str) -> anyhow::Result<Vec<(String, i64)>> {
        let client = self.database.pool().get().await?;
        let mut found = Vec::new();
        for (what, sql) in WAITING {
            found.push(((*what).to_owned(), client.query_one(*sql, &[]).await?.try_get(0)?));
        }
        let sql = "SELECT status, count(*) FROM messages WHERE direction = 'outbound' AND status <> $1 GROUP BY status";
        for row in client.query(sql, &[&status]).await? {
            found.push((format!("{} messages", row.try_get::<_, String>(0)?), row.try_get(1)?));
        }
        found.retain(|(_, count)| *count > 0);
        Ok(found)
    }

    /// What the provider accepted, in order.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn accepted(&self) -> anyhow::Result<Vec<Acceptance>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entry = |entry: &Value| Acceptance {
            recipient: text(&entry["recipient"]),
            text: text(&entry["body"]["text"]["body"]),
            provider_id: text(&entry["providerId"]),
        };
        Ok(self.ledger().await?.iter().map(entry).collect())
    }
}

/// The provider accepted each of these messages exactly once, nothing else, and each conversation's in the order of ids.
///
/// # Panics
/// When it did not.
pub fn assert_once_and_in_order(sent: &[Sent], accepted: &[Acceptance]) {
    let mut times: HashMap<&str, usize> = sent.iter().map(|sent| (sent.text.as_str(), 0)).collect();
    for acceptance in accepted {
        let times = times.get_mut(acceptance.text.as_str());
        *times.unwrap_or_else(|| panic!("nobody sent {acceptance:?}")) += 1;
    }
    times.retain(|_, times| *times != 1);
    assert!(times.is_empty(), "not accepted once but so many times: {times:?}");
    let ids: HashMap<&str, &str> = sent.iter().map(|sent| (sent.text.as_str(), sent.id.as_str())).collect();
    let mut last: HashMap<&str, &str> = HashMap::new();
    for acceptance in accepted {
        let id = ids[acceptance.text.as_str()];
        let before = last.insert(&acceptance.recipient, id);
        assert!(
            before.is_none_or(|before| before < id),
            "out of order at {}: {acceptance:?}",
            acceptance.recipient
        );
    }
}
