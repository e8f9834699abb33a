//! What is under way in the pipeline: watched while it runs, so that a growing backlog is seen and a closed one kept bounded.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::product::Product;
use crate::replies::Replies;
use crate::sandbox;

/// What was under way at one moment.
#[derive(Debug, Clone, Copy, Serialize, Default)]
pub struct Backlog {
    /// Seconds since the watch began.
    pub at: f64,
    /// Accepted, not yet taken by the provider.
    pub unsent: i64,
    /// Statuses at the provider, those that are not due included.
    pub untold: i64,
    /// Statuses taken in, not yet applied.
    pub unapplied: i64,
    /// Events not yet numbered.
    pub unnumbered: i64,
}

impl Backlog {
    /// All of it.
    pub fn total(&self) -> i64 {
        self.unsent.max(0) + self.untold + self.unapplied + self.unnumbered
    }
}

/// Watches the backlog.
pub struct Monitor<'a> {
    sandbox: SocketAddr,
    client: &'a Client,
    replies: &'a Replies<'a>,
    started: Instant,
    samples: RefCell<Vec<Backlog>>,
}

const WAITING: &str = "SELECT (SELECT count(*) FROM channel_events WHERE processed_at IS NULL),
    (SELECT count(*) FROM events WHERE seq IS NULL)";

/// A session to watch with, opened before the load comes.
pub async fn session(product: &Product) -> anyhow::Result<Client> {
    let client = product.database.connect().await?;
    // The partial indexes hold few rows; without statistics the planner may not think of them.
    client.batch_execute("SET enable_seqscan = off").await?;
    Ok(client)
}

impl<'a> Monitor<'a> {
    /// Begins, on a session from `session`.
    pub fn new(product: &Product, client: &'a Client, replies: &'a Replies<'a>) -> Self {
        Self {
            sandbox: product.sandbox,
            client,
            replies,
            started: Instant::now(),
            samples: RefCell::default(),
        }
    }

    /// Looks once.
    pub async fn look(&self) -> anyhow::Result<Backlog> {
        let accepted = self.replies.count.get();
        let provider = sandbox::stats(self.sandbox).await?;
        let row = self.client.query_one(WAITING, &[]).await?;
        Ok(Backlog {
            at: self.started.elapsed().as_secs_f64(),
            unsent: accepted as i64 - provider.accepted as i64,
            untold: provider.queued as i64,
            unapplied: row.try_get(0)?,
            unnumbered: row.try_get(1)?,
        })
    }

    /// Looks again and again; with `most`, holds the generator back while more than that is under way. Ends with an error.
    pub async fn watch(&self, every: Duration, most: Option<i64>) -> anyhow::Error {
        loop {
            match self.look().await {
                Ok(backlog) => {
                    self.replies.paused.set(most.is_some_and(|most| backlog.total() > most));
                    self.samples.borrow_mut().push(backlog);
                }
                Err(error) => return error,
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Waits until nothing is under way; how long it took, or what is left after `patience`.
    pub async fn settled(&self, patience: Duration) -> anyhow::Result<Result<f64, Backlog>> {
        let started = Instant::now();
        loop {
            let backlog = self.look().await?;
            if backlog.total() == 0 {
                return Ok(Ok(started.elapsed().as_secs_f64()));
            }
            if started.elapsed() > patience {
                return Ok(Err(backlog));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What was seen.
    pub fn samples(self) -> Vec<Backlog> {
        self.samples.into_inner()
    }
}

/// By how much the backlog grows a second, over the last three quarters of the samples (least squares).
pub fn growth(samples: &[Backlog]) -> f64 {
    let samples = &samples[samples.len() / 4..];
    let count = samples.len().max(1) as f64;
    let mean = |value: &dyn Fn(&Backlog) -> f64| samples.iter().map(value).sum::<f64>() / count;
    let (time, total) = (mean(&|sample| sample.at), mean(&|sample| sample.total() as f64));
    let above: f64 = samples.iter().map(|s| (s.at - time) * (s.total() as f64 - total)).sum();
    let below: f64 = samples.iter().map(|s| (s.at - time).powi(2)).sum();
    if below > 0.0 { above / below } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_from_noise() {
        let samples = |per_second: i64| -> Vec<Backlog> {
            let sample = |n: i64| Backlog {
                at: n as f64,
                unsent: 100 + per_second * n + (n % 3) * 10,
                ..Default::default()
            };
            (0..60).map(sample).collect()
        };
        assert!((growth(&samples(50)) - 50.0).abs() < 1.0);
        assert!(growth(&samples(0)).abs() < 1.0);
        assert!(growth(&[]).abs() < 1.0);
    }
}
