//! One sender's pace, shared by all workers: budgets are leased for a second at a time, and spent evenly within it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::channels::usage::Usage;
use common::db::{Error, Tx};
use deadpool_postgres::Pool;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

/// Waits for senders' pace.
pub(super) struct Pacer {
    pool: Pool,
    senders: StdMutex<HashMap<Uuid, Arc<Sender>>>,
}

#[derive(Default)]
struct Sender {
    /// Lanes that wait for this sender here.
    waiting: AtomicI32,
    /// How often what was leased has been taken away.
    withdrawn: AtomicU32,
    /// What is left of its pace, as it was last written, and when.
    slowed: StdMutex<Option<(i32, Instant)>>,
    /// Taken in turn, so that lanes leave in the order in which they came.
    budget: Mutex<Budget>,
}

struct Budget {
    tokens: i32,
    /// Messages a second, as they were leased.
    pace: i32,
    /// The sender's `withdrawn` when they were leased.
    withdrawn: u32,
    /// Until when the sender is known to be throttled.
    throttled: Instant,
    /// When the tokens lapse.
    until: Instant,
    /// When the next token may be spent at an even pace.
    next: Instant,
}

impl Default for Budget {
    fn default() -> Self {
        let now = Instant::now();
        Self { tokens: 0, pace: 1, withdrawn: 0, throttled: now, until: now, next: now }
    }
}

/// Makes sure of the row, then locks it and says how much of the running second is taken.
const ENSURE: &str =
    "INSERT INTO sender_budgets (inbox_id, second, granted) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT second, granted, extract(epoch FROM clock_timestamp())::float8,
        CASE WHEN percent_until > extract(epoch FROM now()) THEN percent ELSE 100 END
    FROM sender_budgets WHERE inbox_id = $1 FOR UPDATE";
const GRANT: &str = "UPDATE sender_budgets SET second = $2, granted = $3 WHERE inbox_id = $1";

const THROTTLE: &str = "INSERT INTO sender_budgets AS b (inbox_id, second, granted) VALUES ($1, $2, 1000000)
    ON CONFLICT (inbox_id) DO UPDATE SET granted = 1000000, second = greatest(b.second, excluded.second)";

/// Beyond this, the wait is shown as the inbox's status: its check is due now.
const SHOW: &str = "UPDATE inboxes SET check_at = least(check_at, now()) WHERE id = $1 AND gate = 'open'
    AND $2::float8 > extract(epoch FROM now()) + 10";
const SLOW: &str = "INSERT INTO sender_budgets AS b (inbox_id, second, granted, percent, percent_until)
    VALUES ($1, 0, 0, $2, extract(epoch FROM now())::bigint + $3)
    ON CONFLICT (inbox_id) DO UPDATE SET percent = excluded.percent, percent_until = excluded.percent_until";
/// How long the provider's word on usage holds, in seconds, and how long the same word is not written again.
const SLOWED: i64 = 60;
const SAME: Duration = Duration::from_secs(10);

/// Longer than a paced sender ever waits for its next second; admission goes by the same (`common::db::pipeline::work`).
const THROTTLED: Duration = Duration::from_secs(2);
/// So many lanes may wait however slow the sender.
const FEW: i32 = 4;
/// How long that is believed without asking again.
const AGAIN: Duration = Duration::from_secs(1);

impl Pacer {
    pub(super) fn new(pool: &Pool) -> Self {
        Self { pool: pool.clone(), senders: StdMutex::default() }
    }

    /// Waits until the sender may send one more message; false if the provider wants to hear nothing of it for longer than
    /// is worth waiting for here.
    pub(super) async fn acquire(&self, inbox: Uuid, pace: i32) -> bool {
        let sender = self.sender(inbox);
        sender.waiting.fetch_add(1, Relaxed);
        let slot = self.slot(&sender, inbox, pace).await;
        sender.waiting.fetch_sub(1, Relaxed);
        match slot {
            Some(slot) => tokio::time::sleep_until(slot).await,
            None => return false,
        }
        true
    }

    /// The same, unless so many lanes wait here that it would take seconds: for lanes that admission has not counted.
    pub(super) async fn acquire_soon(&self, inbox: Uuid, pace: i32) -> bool {
        let waiting = self.sender(inbox).waiting.load(Relaxed);
        waiting < pace.saturating_mul(2).max(FEW) && self.acquire(inbox, pace).await
    }

    /// The time of the sender's next message.
    async fn slot(&self, sender: &Sender, inbox: Uuid, pace: i32) -> Option<Instant> {
        let mut budget = sender.budget.lock().await;
        while !budget.covers(sender.withdrawn.load(Relaxed)) {
            if budget.throttled > Instant::now() {
                return None;
            }
            let want = sender.waiting.load(Relaxed).max(pace / 4).clamp(1, pace.max(1));
            match self.lease(inbox, want, pace).await {
                Ok(lease) if lease.granted == 0 && lease.left > THROTTLED => {
                    budget.throttled = Instant::now() + AGAIN;
                }
                Ok(lease) => {
                    (budget.tokens, budget.pace) = (lease.granted, lease.pace);
                    budget.until = Instant::now() + lease.left;
                    if lease.granted == 0 {
                        tokio::time::sleep(lease.left).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "no pace can be leased right now");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        budget.tokens -= 1;
        Some(budget.spend())
    }

    /// Takes a sender's budget away from all workers until the provider wants to hear of it again. Others may still spend
    /// what they have leased for the running second.
    pub(super) async fn throttle(&self, inbox: Uuid, until: DateTime<Utc>) {
        let taken = async {
            let client = self.pool.get().await?;
            client.execute(THROTTLE, &[&inbox, &until.timestamp()]).await?;
            client.execute(SHOW, &[&inbox, &(until.timestamp() as f64)]).await?;
            Ok::<_, Error>(())
        };
        if let Err(error) = taken.await {
            // The lane itself waits in any case; others will be told by the provider.
            tracing::warn!(%error, "a throttled sender's budget was not taken away");
        }
        self.sender(inbox).withdrawn.fetch_add(1, Relaxed);
    }

    /// Slows a sender down on all workers while the provider says that its account nears a limit, and stops it where the
    /// provider says for how long.
    pub(super) async fn heed(&self, inbox: Uuid, usage: Usage) {
        if let Some(wait) = usage.regain {
            return self.throttle(inbox, Utc::now() + wait).await;
        }
        let (percent, sender) = (usage.pace_left(), self.sender(inbox));
        let known = sender.slowed.lock().ok().and_then(|slowed| *slowed);
        if known.is_some_and(|(known, at)| known == percent && at.elapsed() < SAME) {
            return;
        }
        let slowed = async {
            self.pool.get().await?.execute(SLOW, &[&inbox, &percent, &SLOWED]).await?;
            Ok::<_, Error>(())
        };
        match slowed.await {
            Ok(()) => {
                tracing::info!(%inbox, percent, "the provider says that an account nears a limit; its sender slows down");
                if let Ok(mut slowed) = sender.slowed.lock() {
                    *slowed = Some((percent, Instant::now()));
                }
            }
            Err(error) => tracing::warn!(%error, "a sender was not slowed down"),
        }
    }

    fn sender(&self, inbox: Uuid) -> Arc<Sender> {
        let Ok(mut senders) = self.senders.lock() else { return Arc::default() };
        if senders.len() > 10_000 {
            senders.retain(|_, sender| Arc::strong_count(sender) > 1);
        }
        senders.entry(inbox).or_default().clone()
    }

    /// Leases part of the running second's budget.
    async fn lease(&self, inbox: Uuid, want: i32, pace: i32) -> Result<Lease, Error> {
        let tx = Tx::open(&self.pool).await?;
        let steps = [tx.step(ENSURE, vec![&inbox]).await?, tx.step(LOCK, vec![&inbox]).await?];
        let answers = tx.begin(&steps).await?;
        let row = answers.get(1).and_then(|rows| rows.first());
        let row = row.ok_or_else(|| Error::Stored("no sender budget".into()))?;
        let (second, granted, now): (i64, i32, f64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let percent: i32 = row.try_get(3)?;
        let pace = (pace * percent / 100).max(1);
        let current = now.floor();
        let taken = if second as f64 >= current { granted } else { 0 };
        // A throttled sender's second lies in the future, all of it taken.
        let second = second.max(current as i64);
        let granted = want.min(pace - taken).max(0);
        let total = taken + granted;
        let steps = [tx.step(GRANT, vec![&inbox, &second, &total]).await?];
        tx.commit(&steps).await?;
        let left = (second as f64 + 1.0 - now).clamp(0.001, 60.0);
        Ok(Lease { granted, pace, left: Duration::from_secs_f64(left) })
    }
}

/// Part of a second's budget.
struct Lease {
    /// How many messages.
    granted: i32,
    /// Messages a second, by which they are spread.
    pace: i32,
    /// How long the second still lasts.
    left: Duration,
}

impl Budget {
    /// Whether there is one more message in it.
    fn covers(&mut self, withdrawn: u32) -> bool {
        if self.withdrawn != withdrawn {
            (self.withdrawn, self.tokens) = (withdrawn, 0);
        }
        self.tokens > 0 && self.until > Instant::now()
    }

    /// The time of the next message: even, but for a burst of a tenth of a second's worth.
    fn spend(&mut self) -> Instant {
        let every = Duration::from_secs_f64(1.0 / f64::from(self.pace.max(1)));
        let burst = every * u32::try_from(self.pace / 10).unwrap_or(0).max(1);
        let now = Instant::now();
        let earliest = now.checked_sub(burst).unwrap_or(now);
        let slot = self.next.max(earliest);
        self.next = slot + every;
        slot.max(now)
    }
}

#[cfg(test)]
mod tests {
    use common::testing::{TestDatabase, workspace};

    use super::*;

    /// Messages granted in one second, to whoever asks again and again.
    async fn granted(pacer: &Pacer, inbox: Uuid, pace: i32) -> i32 {
        let first = pacer.lease(inbox, pace, pace).await.unwrap();
        // A second of its own, so that nothing of another one is counted.
        tokio::time::sleep(first.left + Duration::from_millis(20)).await;
        let mut total = 0;
        loop {
            let lease = pacer.lease(inbox, 7, pace).await.unwrap();
            total += lease.granted;
            if lease.granted == 0 {
                return total;
            }
        }
    }

    #[tokio::test]
    async fn a_sender_near_its_limits_slows_down_for_all_and_one_at_them_waits() {
        let database = TestDatabase::create().await;
        let inbox = workspace(database.pool(), "http://127.0.0.1:1").await.inbox.0;
        let (one, other) = (Pacer::new(database.pool()), Pacer::new(database.pool()));
        assert_eq!(granted(&one, inbox, 80).await, 80);
        one.heed(inbox, Usage { percent: 90, regain: None }).await;
        assert_eq!(granted(&other, inbox, 80).await, 40);
        one.heed(inbox, Usage { percent: 250, regain: None }).await;
        assert_eq!(granted(&other, inbox, 80).await, 4);
        // Its word holds for a while only.
        let client = database.pool().get().await.unwrap();
        client.execute("UPDATE sender_budgets SET percent_until = 0", &[]).await.unwrap();
        assert_eq!(granted(&other, inbox, 80).await, 80);
        one.heed(inbox, Usage { percent: 100, regain: Some(Duration::from_secs(600)) }).await;
        let lease = other.lease(inbox, 1, 80).await.unwrap();
        assert_eq!((lease.granted, lease.left > THROTTLED), (0, true));
        let due = "SELECT check_at <= now() FROM inboxes";
        assert!(client.query_one(due, &[]).await.unwrap().get::<_, bool>(0), "its status is looked at");
    }
}
