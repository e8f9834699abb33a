//! `sender_budgets`: how many messages of the running second each sender may still spend, leased to this process. Senders that ask
//! at once, as they do when a second begins, share a transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::batch::{Batcher, Execute, Limits};
use common::db::{Error, Tx};
use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use uuid::Uuid;

const LIMITS: Limits = Limits { writers: 2, group: 64, waiting: 4_096 };

/// Makes sure of the rows, then locks them and says how much of which second is taken, and then what time it is.
const ENSURE: &str = "INSERT INTO sender_budgets (inbox_id, second, granted)
    SELECT r.id, 0, 0 FROM unnest($1::uuid[]) AS r (id)
    WHERE NOT EXISTS (SELECT FROM sender_budgets b WHERE b.inbox_id = r.id) ORDER BY r.id ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT inbox_id, second, granted,
        CASE WHEN percent_until > extract(epoch FROM now()) THEN percent ELSE 100 END
    FROM sender_budgets WHERE inbox_id = ANY($1) ORDER BY inbox_id FOR UPDATE";
const CLOCK: &str = "SELECT extract(epoch FROM clock_timestamp())::float8";
const GRANT: &str = "UPDATE sender_budgets b SET second = r.second, granted = r.granted
    FROM unnest($1::uuid[], $2::bigint[], $3::int[]) AS r (id, second, granted) WHERE b.inbox_id = r.id";

/// What somebody wants of a sender's budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    /// The sender.
    pub inbox: Uuid,
    /// How many messages.
    pub tokens: i32,
    /// Messages a second that the sender may send, as it is set up.
    pub pace: i32,
}

/// Part of a second's budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// How many messages; none if the second is spent.
    pub granted: i32,
    /// Messages a second, by which they are spread.
    pub pace: i32,
    /// The second, in Unix time; in the future while the provider wants to hear nothing of the sender.
    pub second: i64,
    /// How long the second still lasts.
    pub left: Duration,
}

/// Leases budgets; cheap to clone.
#[derive(Clone)]
pub(super) struct Leases(Batcher<Want, Result<Lease, String>>);

impl Leases {
    pub(super) fn start(pool: &Pool, shutdown: &Shutdown) -> Self {
        let pool = pool.clone();
        let execute: Execute<_, _> = Arc::new(move |wants: Vec<Want>| {
            let pool = pool.clone();
            Box::pin(async move {
                match lease(&pool, &wants).await {
                    Ok(leases) => leases.into_iter().map(Ok).collect(),
                    Err(error) => wants.iter().map(|_| Err(error.to_string())).collect(),
                }
            })
        });
        Self(Batcher::start(LIMITS, shutdown, &execute))
    }

    /// Leases part of the running second's budget of a sender.
    ///
    /// # Errors
    /// When the database fails, or this process is stopping.
    pub(super) async fn lease(&self, want: Want) -> Result<Lease, String> {
        self.0.submit(want).await.map_err(|rejected| rejected.to_string())?
    }
}

/// How much is taken of which second, and how much of its pace the sender has.
struct Taken {
    second: i64,
    granted: i32,
    percent: i32,
}

async fn lease(pool: &Pool, wants: &[Want]) -> Result<Vec<Lease>, Error> {
    let mut inboxes: Vec<Uuid> = wants.iter().map(|want| want.inbox).collect();
    inboxes.sort_unstable();
    inboxes.dedup();
    let tx = Tx::open(pool).await?;
    let steps = [
        tx.step(ENSURE, vec![&inboxes]).await?,
        tx.step(LOCK, vec![&inboxes]).await?,
        tx.step(CLOCK, vec![]).await?,
    ];
    let answers = tx.begin(&steps).await?;
    let [_, rows, clock] = answers.as_slice() else {
        return Err(Error::Stored("no answer of a lease".into()));
    };
    let clock = clock.first().ok_or_else(|| Error::Stored("no clock".into()))?;
    let now: f64 = clock.try_get(0)?;
    let mut budgets = BTreeMap::new();
    for row in rows {
        let taken = Taken { second: row.try_get(1)?, granted: row.try_get(2)?, percent: row.try_get(3)? };
        budgets.insert(row.try_get::<_, Uuid>(0)?, taken);
    }
    let leases = wants
        .iter()
        .map(|want| {
            let taken =
                budgets.get_mut(&want.inbox).ok_or_else(|| Error::Stored("no sender budget".into()))?;
            Ok(grant(want, taken, now))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let inboxes: Vec<Uuid> = budgets.keys().copied().collect();
    let seconds: Vec<i64> = budgets.values().map(|taken| taken.second).collect();
    let granted: Vec<i32> = budgets.values().map(|taken| taken.granted).collect();
    let steps = [tx.step(GRANT, vec![&inboxes, &seconds, &granted]).await?];
    tx.commit(&steps).await?;
    Ok(leases)
}

/// Takes from what is left of the second `now`. A throttled sender's second lies in the future, all of it taken.
fn grant(want: &Want, taken: &mut Taken, now: f64) -> Lease {
    let pace = (want.pace * taken.percent / 100).max(1);
    let current = now.floor() as i64;
    if taken.second < current {
        (taken.second, taken.granted) = (current, 0);
    }
    let granted = want.tokens.min(pace - taken.granted).max(0);
    taken.granted += granted;
    let left = (taken.second as f64 + 1.0 - now).clamp(0.001, 60.0);
    Lease { granted, pace, second: taken.second, left: Duration::from_secs_f64(left) }
}

#[cfg(test)]
mod tests {
    use common::testing::TestDatabase;

    use super::*;

    #[tokio::test]
    async fn a_group_shares_each_senders_second_and_another_sender_has_its_own() {
        let database = TestDatabase::create().await;
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let want = |inbox, tokens| Want { inbox, tokens, pace: 80 };
        // A second's row may be of the one before by now: only what is taken of a second in the future is certain.
        let client = database.pool().get().await.unwrap();
        let sql = "INSERT INTO sender_budgets (inbox_id, second, granted)
            SELECT $1, extract(epoch FROM now())::bigint + 100, 0";
        client.execute(sql, &[&one]).await.unwrap();
        let wants = [want(one, 50), want(other, 60), want(one, 50)];
        let leases = lease(database.pool(), &wants).await.unwrap();
        assert_eq!(leases.iter().map(|lease| lease.granted).collect::<Vec<_>>(), [50, 60, 30]);
        assert!(leases[0].second > leases[1].second && leases[0].left > leases[1].left);
        let leases = lease(database.pool(), &[want(one, 1)]).await.unwrap();
        assert_eq!((leases[0].granted, leases[0].pace), (0, 80), "all of it is taken");
    }

    #[test]
    fn a_second_that_has_begun_starts_anew() {
        let mut taken = Taken { second: 10, granted: 80, percent: 50 };
        let want = Want { inbox: Uuid::nil(), tokens: 60, pace: 80 };
        assert_eq!(grant(&want, &mut taken, 10.5).granted, 0);
        let lease = grant(&want, &mut taken, 11.25);
        assert_eq!((lease.granted, lease.pace, lease.second), (40, 40, 11));
        assert_eq!(lease.left, Duration::from_millis(750));
    }
}
