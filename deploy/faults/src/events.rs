//! Reads the event log as its readers do: on from the last number seen. Whatever becomes visible behind it would be lost to them.

use std::collections::HashMap;
use std::time::Duration;

use common::testing::TestDatabase;
use deadpool_postgres::Pool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Follows the numbers of an organization's events and checks that none is skipped, and that a conversation's stand in the
/// order of their commits.
pub struct EventReader {
    stop: CancellationToken,
    reading: JoinHandle<Result<i64, String>>,
}

struct State {
    last: i64,
    positions: HashMap<Uuid, i64>,
}

const NEXT: &str =
    "SELECT seq, position, conversation_id FROM events WHERE organization_id = $1 AND seq > $2 ORDER BY seq";

impl EventReader {
    /// Starts reading.
    pub fn start(database: &TestDatabase, organization: Uuid) -> Self {
        let (pool, stop) = (database.pool().clone(), CancellationToken::new());
        let reading = tokio::spawn(read(pool, organization, stop.clone()));
        Self { stop, reading }
    }

    /// Stops and says how many events there were.
    ///
    /// # Panics
    /// When a number was skipped, or a conversation's events stood out of order.
    pub async fn finish(self) -> i64 {
        self.stop.cancel();
        self.reading.await.expect("the reader lives").expect("events in order, without gaps")
    }
}

async fn read(pool: Pool, organization: Uuid, stop: CancellationToken) -> Result<i64, String> {
    let mut state = State { last: 0, positions: HashMap::new() };
    loop {
        // Asked before the last look, so that everything that was there at the stop is looked at.
        let stopping = stop.is_cancelled();
        // A server that is away shows nothing, which is in order.
        if let Ok(client) = pool.get().await
            && let Ok(rows) = client.query(NEXT, &[&organization, &state.last]).await
        {
            rows.iter().try_for_each(|row| state.take((row.get(0), row.get(1), row.get(2))))?;
        }
        if stopping {
            return Ok(state.last);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl State {
    fn take(&mut self, (seq, position, conversation): (i64, i64, Option<Uuid>)) -> Result<(), String> {
        if seq != self.last + 1 {
            return Err(format!("after {} came {seq}", self.last));
        }
        self.last = seq;
        let Some(conversation) = conversation else { return Ok(()) };
        match self.positions.insert(conversation, position) {
            Some(before) if before > position => Err(format!("{seq}: position {position} after {before}")),
            _ => Ok(()),
        }
    }
}
