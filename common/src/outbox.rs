//! The outbox: rows committed with the work they point at, published and confirmed, then deleted.
//!
//! A process writes into the partition it holds and hands the committed rows to its own relay in memory. Rows that are
//! missed (a crash, a full queue, a broker away) are found by a sweep; a partition whose holder died is taken over by the
//! relay process. A pointer published twice costs a look at a row.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI16, Ordering};
use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::future::join_all;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use uuid::Uuid;

use crate::db;
use crate::db::duties::{self, Holder};
use crate::queue::{LanePointer, Publisher, Route, Task};
use crate::shutdown::Shutdown;

/// How many partitions there are; more than processes that write.
pub const PARTITIONS: i16 = 64;

/// Most rows taken at once.
const GROUP: usize = 600;

/// A committed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its partition.
    pub part: i16,
    /// Its id within the table.
    pub id: i64,
    /// Where its pointer goes.
    pub route: Route,
    /// The lane it points at.
    pub pointer: LanePointer,
}

/// The outbox of this process; cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    part: Arc<AtomicI16>,
    committed: mpsc::Sender<Vec<Row>>,
}

impl Outbox {
    /// Starts this process's relay: holds one partition, publishes what is committed, sweeps what was missed.
    pub fn start(pool: &Pool, publisher: &Publisher, holder: Holder, shutdown: &Shutdown) -> Self {
        let (committed, rows) = mpsc::channel(1_000);
        // Until a partition is held, rows go where the relay process finds them.
        let part = Arc::new(AtomicI16::new(rand::random_range(0..PARTITIONS)));
        let rows = Arc::new(Mutex::new(rows));
        for _ in 0..2 {
            let relay = Relay { pool: pool.clone(), publisher: publisher.clone(), rows: rows.clone() };
            shutdown.spawn(relay.run());
        }
        let keeper = Keeper { pool: pool.clone(), publisher: publisher.clone(), holder, part: part.clone() };
        let stop = shutdown.token.clone();
        shutdown.spawn(async move {
            tokio::select! { () = keeper.run() => (), () = stop.cancelled() => () }
            keeper.release().await;
        });
        Self { part, committed }
    }

    /// The partition to write into.
    pub fn part(&self) -> i16 {
        self.part.load(Ordering::Relaxed)
    }

    /// Hands committed rows to the relay. A full relay forgets them: the sweep finds them.
    pub fn committed(&self, rows: Vec<Row>) {
        if !rows.is_empty() {
            let _full = self.committed.try_send(rows);
        }
    }
}

/// Publishes what this process commits.
struct Relay {
    pool: Pool,
    publisher: Publisher,
    rows: Arc<Mutex<mpsc::Receiver<Vec<Row>>>>,
}

impl Relay {
    /// Until nobody commits any more; then all that was confirmed is deleted.
    async fn run(self) {
        let mut confirmed = Confirmed::default();
        loop {
            let mut groups = Vec::new();
            let next = async { self.rows.lock().await.recv_many(&mut groups, 64).await };
            match confirmed.within(next).await {
                Some(0) => break,
                Some(_) => {
                    confirmed.add(publish(&self.publisher, groups.into_iter().flatten().collect()).await)
                }
                None => (),
            }
            if confirmed.due() {
                delete(&self.pool, &confirmed.take()).await;
            }
        }
        delete(&self.pool, &confirmed.take()).await;
    }
}

/// Rows that the broker has confirmed, until they are deleted together: a transaction costs more than they do. Should the process
/// die meanwhile, their pointers are published again.
#[derive(Default)]
struct Confirmed {
    rows: Vec<Row>,
    since: Option<Instant>,
}

impl Confirmed {
    /// How long rows wait; far less than the sweep takes to think that they were missed.
    const PAUSE: Duration = Duration::from_millis(100);

    fn add(&mut self, rows: Vec<Row>) {
        self.since.get_or_insert_with(Instant::now);
        self.rows.extend(rows);
    }

    /// Whether they have waited long enough, or are enough.
    fn due(&self) -> bool {
        self.rows.len() >= GROUP || self.since.is_some_and(|since| since.elapsed() >= Self::PAUSE)
    }

    fn take(&mut self) -> Vec<Row> {
        self.since = None;
        std::mem::take(&mut self.rows)
    }

    /// What comes of `next`, unless rows are due before it is there.
    async fn within<T>(&self, next: impl Future<Output = T>) -> Option<T> {
        match self.since {
            None => Some(next.await),
            Some(since) => tokio::time::timeout_at(since + Self::PAUSE, next).await.ok(),
        }
    }
}

async fn delete(pool: &Pool, confirmed: &[Row]) {
    if !confirmed.is_empty()
        && let Err(error) = db::outbox::delete(pool, confirmed).await
    {
        // Published and still there: the sweep publishes them again, which harms nobody.
        tracing::warn!(%error, "confirmed outbox rows could not be deleted");
    }
}

/// Publishes rows; returns those confirmed.
async fn publish(publisher: &Publisher, rows: Vec<Row>) -> Vec<Row> {
    let mut routes: HashMap<Route, Vec<Row>> = HashMap::new();
    for row in rows {
        routes.entry(row.route).or_default().push(row);
    }
    let mut sends = Vec::new();
    for (route, rows) in routes {
        for chunk in rows.chunks(Task::LANES) {
            let chunk = chunk.to_vec();
            sends.push(async move {
                let lanes = chunk.iter().map(|row| row.pointer).collect();
                let sent = publisher.publish(route, &Task::DeliverLanesV1 { lanes }.encode()).await;
                sent.is_ok().then_some(chunk)
            });
        }
    }
    join_all(sends).await.into_iter().flatten().flatten().collect()
}

struct Keeper {
    pool: Pool,
    publisher: Publisher,
    holder: Holder,
    part: Arc<AtomicI16>,
}

impl Keeper {
    const LEASE: Duration = Duration::from_secs(10);

    async fn run(&self) {
        let mut held = None;
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match self.hold(held).await {
                Ok(part) => held = part,
                Err(error) => {
                    tracing::debug!(%error, "the outbox partition could not be held");
                    continue;
                }
            }
            if let Some(part) = held
                && let Err(error) = sweep(&self.pool, &self.publisher, part).await
            {
                tracing::debug!(%error, "the outbox sweep failed");
            }
        }
    }

    /// Keeps the held partition, or looks for a free one.
    async fn hold(&self, held: Option<i16>) -> Result<Option<i16>, db::Error> {
        if let Some(part) = held
            && duties::hold(&self.pool, &duty(part), self.holder, Self::LEASE).await?
        {
            return Ok(Some(part));
        }
        let start = rand::random_range(0..PARTITIONS);
        for offset in 0..PARTITIONS {
            let part = (start + offset) % PARTITIONS;
            if duties::hold(&self.pool, &duty(part), self.holder, Self::LEASE).await? {
                self.part.store(part, Ordering::Relaxed);
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    async fn release(&self) {
        let part = self.part.load(Ordering::Relaxed);
        if let Err(error) = duties::release(&self.pool, &duty(part), self.holder).await {
            tracing::debug!(%error, "the outbox partition was not released; it will lapse");
        }
    }
}

/// The duty's name of a partition.
pub fn duty(part: i16) -> String {
    format!("outbox.{part}")
}

/// Publishes the rows of a partition that nobody has published for a second; returns whether more may be left.
///
/// # Errors
/// When the database fails.
pub async fn sweep(pool: &Pool, publisher: &Publisher, part: i16) -> Result<(), db::Error> {
    while publisher.connected() {
        let rows = db::outbox::list_missed(pool, part, GROUP).await?;
        let found = rows.len();
        if found == 0 {
            return Ok(());
        }
        let confirmed = publish(publisher, rows).await;
        delete(pool, &confirmed).await;
        if confirmed.len() < found || found < GROUP {
            return Ok(());
        }
    }
    Ok(())
}

/// The lane pointers of rows inserted for `lanes`, in the order of insertion.
pub(crate) fn row(part: i16, id: i64, key: &str, lane: Uuid, inbox: Uuid) -> Option<Row> {
    let route = Route::from_key(key)?;
    Some(Row { part, id, route, pointer: LanePointer { lane, inbox } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<Row> {
        let pointer = LanePointer { lane: Uuid::nil(), inbox: Uuid::nil() };
        let route = Route::from_key("outbound.whatsapp.first").expect("a route");
        (0..count as i64).map(|id| Row { part: 0, id, route, pointer }).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn confirmed_rows_wait_for_others_but_not_for_long() {
        let (mut confirmed, begun) = (Confirmed::default(), Instant::now());
        confirmed.add(rows(1));
        assert!(!confirmed.due());
        assert_eq!(confirmed.within(async { 7 }).await, Some(7), "what is there at once is not kept waiting");
        tokio::time::advance(Confirmed::PAUSE / 2).await;
        confirmed.add(rows(2));
        assert_eq!(confirmed.within(std::future::pending::<()>()).await, None);
        assert_eq!(begun.elapsed(), Confirmed::PAUSE, "the first of them sets the time");
        assert!(confirmed.due());
        assert_eq!((confirmed.take().len(), confirmed.due()), (3, false));
        confirmed.add(rows(GROUP));
        assert!(confirmed.due(), "as many as are deleted at once");
    }
}
