//! A transaction whose first statements travel with its `BEGIN` and whose last ones travel with its `COMMIT`.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use futures_util::future::join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::{Error, within};

/// Longer than the server's own statement time-out: past it, the server is frozen or cut off.
const PATIENCE: Duration = Duration::from_secs(20);

/// Parameters of a statement.
pub type Params<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// An open transaction. Dropped before `commit`, its connection is closed, and the server rolls back.
pub struct Tx {
    client: Option<Object>,
}

/// A statement with its parameters, for a pipelined round trip.
pub struct Step<'a> {
    statement: Statement,
    params: Params<'a>,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send + 'a>>;

impl Tx {
    /// Takes a connection; `BEGIN` is sent with the first round trip.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn open(pool: &Pool) -> Result<Self, Error> {
        Ok(Self { client: Some(pool.get().await?) })
    }

    fn client(&self) -> Result<&Object, Error> {
        self.client.as_ref().ok_or_else(|| Error::Stored("the transaction has ended".into()))
    }

    /// A statement, prepared once for each connection.
    ///
    /// # Errors
    /// When the server refuses the text.
    pub async fn step<'a>(&self, sql: &str, params: Params<'a>) -> Result<Step<'a>, Error> {
        let statement = self.client()?.prepare_cached(sql).await?;
        Ok(Step { statement, params })
    }

    /// `BEGIN` and these statements in one round trip; each one's rows.
    ///
    /// # Errors
    /// The first statement's that failed.
    pub async fn begin(&self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, Error> {
        self.round_trip(Some("BEGIN"), steps, None).await
    }

    /// These statements in one round trip; each one's rows.
    ///
    /// # Errors
    /// The first statement's that failed.
    pub async fn run(&self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, Error> {
        self.round_trip(None, steps, None).await
    }

    /// These statements and `COMMIT` in one round trip; each one's rows.
    ///
    /// # Errors
    /// The first statement's that failed, and then nothing is committed; or the commit's, and then the outcome is unknown.
    pub async fn commit(mut self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, Error> {
        let answers = self.round_trip(None, steps, Some("COMMIT")).await?;
        // Only a connection whose transaction has ended may go back to the pool.
        drop(self.client.take());
        Ok(answers)
    }

    /// Ends a transaction that wrote nothing.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.client()?.batch_execute("ROLLBACK").await?;
        drop(self.client.take());
        Ok(())
    }

    /// The requests go out in this order because each is sent when its future is first polled.
    async fn round_trip(
        &self,
        before: Option<&'static str>,
        steps: &[Step<'_>],
        after: Option<&'static str>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let client = self.client()?;
        let simple = |sql: &'static str| -> Answer<'_> {
            Box::pin(async move { client.batch_execute(sql).await.map(|()| Vec::new()) })
        };
        let mut requests: Vec<Answer<'_>> = before.map(simple).into_iter().collect();
        for step in steps {
            requests.push(Box::pin(client.query(&step.statement, &step.params)));
        }
        requests.extend(after.map(simple));
        let skip = usize::from(before.is_some());
        let answered = async { Ok(join_all(requests).await) };
        let mut answers = within(PATIENCE, answered).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(answers.drain(skip..skip + steps.len()).collect())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
