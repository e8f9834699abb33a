//! Consumes a queue over its own supervised connection, and is the only place that acknowledges.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::{Channel as AmqpChannel, Connection, Consumer as AmqpConsumer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connect::{ConnectError, PATIENCE, backoff, close, connect, until_silent};
use super::topology::Topology;
use crate::config::Broker;
use crate::internal::Readiness;
use crate::metrics;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Worked off, or written down for later: acknowledge.
    Done,
    /// No release of ours can make anything of it: set it aside as a dead letter.
    Dead,
    /// The process is stopping before it was worked off: leave it to another.
    Unfinished,
}

/// A queue to consume.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// The broker.
    pub broker: Broker,
    /// The queue's full name.
    pub queue: String,
    /// The route's name, for metrics.
    pub label: String,
    /// Most deliveries handled at once: the only bound on lapin's buffer.
    pub prefetch: u16,
    /// Told whether the connection stands.
    pub readiness: Readiness,
    /// The part's name in readiness.
    pub part: &'static str,
}

impl Consumer {
    /// Hands every delivery's body to `handle`, until `stop`. `handle` is called in the order of delivery; what it returns
    /// runs in a task of its own, and is waited for at the end.
    ///
    /// `handle` is expected to wait out faults of the infrastructure rather than to give deliveries back: a delivery
    /// returned twenty times becomes a dead letter.
    pub async fn run<F, T>(self, stop: CancellationToken, handle: F)
    where
        F: Fn(Vec<u8>) -> T + Send + Sync + 'static,
        T: Future<Output = Outcome> + Send + 'static,
    {
        let handle = Arc::new(handle);
        let mut failures = 0;
        while !stop.is_cancelled() {
            self.readiness.set(self.part, true, false, "connecting");
            match self.open().await {
                Ok((connection, channel, deliveries)) => {
                    tracing::info!(queue = self.label, "consuming");
                    failures = 0;
                    self.connected(1);
                    self.readiness.set(self.part, true, true, "consuming");
                    self.consume((&connection, &channel), deliveries, &stop, &handle).await;
                    self.connected(0);
                    close(&connection).await;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, failures, queue = self.label, "cannot consume");
                }
            }
            metrics::get().reconnects.with_label_values(&["rabbitmq", self.label.as_str()]).inc();
            tokio::select! { () = tokio::time::sleep(backoff(failures)) => (), () = stop.cancelled() => () }
        }
    }

    fn connected(&self, value: i64) {
        metrics::get().connected.with_label_values(&["rabbitmq", self.label.as_str()]).set(value);
    }

    async fn open(&self) -> Result<(Connection, AmqpChannel, AmqpConsumer), ConnectError> {
        let connection = connect(&self.broker, &self.queue).await?;
        match tokio::time::timeout(PATIENCE * 4, self.subscribe(&connection)).await {
            Ok(Ok((channel, consumer))) => Ok((connection, channel, consumer)),
            Ok(Err(error)) => {
                close(&connection).await;
                Err(error.into())
            }
            Err(_elapsed) => Err(ConnectError::TimedOut),
        }
    }

    async fn subscribe(&self, connection: &Connection) -> lapin::Result<(AmqpChannel, AmqpConsumer)> {
        let channel = connection.create_channel().await?;
        Topology::new(&self.broker.prefix).declare(&channel).await?;
        channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let queue = self.queue.as_str().into();
        let consumer = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
        Ok((channel, consumer))
    }

    async fn consume<F, T>(
        &self,
        (connection, channel): (&Connection, &AmqpChannel),
        mut deliveries: AmqpConsumer,
        stop: &CancellationToken,
        handle: &Arc<F>,
    ) where
        F: Fn(Vec<u8>) -> T + Send + Sync + 'static,
        T: Future<Output = Outcome> + Send + 'static,
    {
        let tasks = TaskTracker::new();
        let broken = CancellationToken::new();
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        let exchange = Topology::new(&self.broker.prefix).exchange();
        let silent = until_silent(channel, &exchange);
        tokio::pin!(silent);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = broken.cancelled() => break,
                () = &mut silent => break,
                _ = tick.tick() => if !connection.status().connected() { break },
                next = deliveries.next() => match next {
                    Some(Ok(mut delivery)) => {
                        let work = handle(std::mem::take(&mut delivery.data));
                        tasks.spawn(finish(delivery, work, self.label.clone(), broken.clone()));
                    }
                    Some(Err(error)) => {
                        tracing::warn!(%error, queue = self.label, "the consumer failed");
                        break;
                    }
                    None => break,
                },
            }
        }
        tasks.close();
        // On a broken connection nothing can be acknowledged any more: what runs ends by itself, and is redelivered.
        if stop.is_cancelled() {
            tasks.wait().await;
        }
    }
}

async fn finish<T>(delivery: Delivery, work: T, label: String, broken: CancellationToken)
where
    T: Future<Output = Outcome> + Send + 'static,
{
    // In a task of its own: a panic must not leave the delivery unacknowledged for ever on a living connection.
    let outcome = tokio::spawn(work).await.unwrap_or(Outcome::Dead);
    let (word, settled) = match outcome {
        Outcome::Done => ("done", delivery.ack(BasicAckOptions::default()).await),
        Outcome::Dead => ("dead", delivery.reject(BasicRejectOptions { requeue: false }).await),
        Outcome::Unfinished => ("unfinished", Ok(true)),
    };
    metrics::get().consumed.with_label_values(&[label.as_str(), word]).inc();
    // `false` means that the delivery belongs to a connection that is gone.
    if !matches!(settled, Ok(true)) {
        broken.cancel();
    }
}
