//! Publishes with confirms over one supervised connection.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel as AmqpChannel, Confirmation, Connection};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::connect::{ConnectError, PATIENCE, backoff, close, connect, until_silent};
use super::inspect::QueueState;
use super::topology::{Route, Topology};
use crate::config::Broker;
use crate::metrics;
use crate::shutdown::Shutdown;

/// Publishes to the work exchange; cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    live: watch::Receiver<Option<Live>>,
    topology: Topology,
}

#[derive(Clone)]
struct Live {
    channel: AmqpChannel,
    /// Cancelled by whoever sees that the connection is of no use any more.
    broken: CancellationToken,
}

/// Why a message is not known to be stored by the broker. It may be all the same.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no connection right now.
    #[error("the broker is not connected")]
    Disconnected,
    /// The broker did not confirm in time; the connection is being rebuilt.
    #[error("the broker did not confirm in time")]
    TimedOut,
    /// The broker refused: the queue is full or gone.
    #[error("the broker refused the message")]
    Refused,
    /// The connection failed.
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
}

const PERSISTENT: u8 = 2;

impl Publisher {
    /// Starts the supervised connection; it connects in the background and for ever.
    pub fn start(broker: &Broker, name: &'static str, shutdown: &Shutdown) -> Self {
        let (sender, live) = watch::channel(None);
        let topology = Topology::new(&broker.prefix);
        shutdown.spawn(supervise(broker.clone(), name, sender, shutdown.token.clone()));
        Self { live, topology }
    }

    /// Whether a connection stands.
    pub fn connected(&self) -> bool {
        self.live.borrow().is_some()
    }

    /// Waits until a connection stands.
    pub async fn wait_connected(&self) {
        // Fails only once the supervisor has ended, and then nothing more will be published.
        let mut live = self.live.clone();
        let _ended = live.wait_for(Option::is_some).await;
    }

    /// Publishes one persistent message and waits for its confirm.
    ///
    /// # Errors
    /// When the broker is not known to have stored it.
    pub async fn publish(&self, route: Route, body: &[u8]) -> Result<(), PublishError> {
        let result = self.publish_once(route, body).await;
        let word = if result.is_ok() { "confirmed" } else { "failed" };
        metrics::get().published.with_label_values(&[route.key().as_str(), word]).inc();
        result
    }

    async fn publish_once(&self, route: Route, body: &[u8]) -> Result<(), PublishError> {
        let live = self.live.borrow().clone().ok_or(PublishError::Disconnected)?;
        let sent = async {
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let properties = BasicProperties::default()
                .with_delivery_mode(PERSISTENT)
                .with_content_type("application/json".into());
            let (exchange, key) = (self.topology.exchange(), route.key());
            live.channel.basic_publish(exchange.into(), key.into(), options, body, properties).await?.await
        };
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            // A returned message is handed to some confirm, not surely its own: trust none of this channel, and let the
            // rebuilt one declare the missing queue again.
            Ok(Ok(Confirmation::Ack(Some(_)))) => {
                live.broken.cancel();
                Err(PublishError::Refused)
            }
            Ok(Ok(Confirmation::Nack(_) | Confirmation::NotRequested)) => Err(PublishError::Refused),
            Ok(Err(error)) => {
                live.broken.cancel();
                Err(error.into())
            }
            Err(_elapsed) => {
                live.broken.cancel();
                Err(PublishError::TimedOut)
            }
        }
    }

    /// What waits in a route's queue and who takes from it, as the broker tells. What was taken and is not done with is not
    /// counted.
    ///
    /// # Errors
    /// When the broker cannot be asked.
    pub async fn queue(&self, route: Route) -> Result<QueueState, PublishError> {
        let live = self.live.borrow().clone().ok_or(PublishError::Disconnected)?;
        let options =
            lapin::options::QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let asked =
            live.channel.queue_declare(self.topology.queue(route).into(), options, Default::default());
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(queue)) => {
                Ok(QueueState { messages: queue.message_count(), consumers: queue.consumer_count() })
            }
            Ok(Err(error)) => {
                live.broken.cancel();
                Err(error.into())
            }
            Err(_elapsed) => {
                live.broken.cancel();
                Err(PublishError::TimedOut)
            }
        }
    }
}

async fn supervise(
    broker: Broker,
    name: &'static str,
    live: watch::Sender<Option<Live>>,
    stop: CancellationToken,
) {
    let topology = Topology::new(&broker.prefix);
    let connected = metrics::get().connected.with_label_values(&["rabbitmq", "publish"]);
    let mut failures = 0;
    while !stop.is_cancelled() {
        match open(&broker, name, &topology).await {
            Ok((connection, channel)) => {
                tracing::info!("connected to the broker for publishing");
                failures = 0;
                connected.set(1);
                let fresh = Live { channel, broken: CancellationToken::new() };
                live.send_replace(Some(fresh.clone()));
                until_broken(&connection, (&fresh, &topology.exchange()), &stop).await;
                live.send_replace(None);
                connected.set(0);
                close(&connection).await;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "no connection to the broker for publishing");
            }
        }
        metrics::get().reconnects.with_label_values(&["rabbitmq", "publish"]).inc();
        tokio::select! { () = tokio::time::sleep(backoff(failures)) => (), () = stop.cancelled() => () }
    }
}

async fn open(
    broker: &Broker,
    name: &str,
    topology: &Topology,
) -> Result<(Connection, AmqpChannel), ConnectError> {
    let connection = connect(broker, name).await?;
    let prepared = async {
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok::<_, lapin::Error>(channel)
    };
    // Declaring waits for a quorum, which takes a while on a busy broker.
    match tokio::time::timeout(PATIENCE * 4, prepared).await {
        Ok(Ok(channel)) => Ok((connection, channel)),
        Ok(Err(error)) => {
            close(&connection).await;
            Err(error.into())
        }
        Err(_elapsed) => Err(ConnectError::TimedOut),
    }
}

async fn until_broken(connection: &Connection, (live, exchange): (&Live, &str), stop: &CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    let watching = until_silent(&live.channel, exchange);
    tokio::pin!(watching);
    loop {
        tokio::select! {
            () = live.broken.cancelled() => return,
            // What is still being confirmed goes on for a moment after the signal.
            () = stop.cancelled() => return tokio::time::sleep(Duration::from_millis(200)).await,
            () = &mut watching => return,
            _ = tick.tick() => if !connection.status().connected() { return },
        }
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("connected", &self.connected()).finish()
    }
}
