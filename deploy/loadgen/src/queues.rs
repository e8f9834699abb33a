//! Private queue names for one measurement, deleted with their value.

use std::time::Duration;

use anyhow::Context;
use common::queue::{Route, Topology};
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Channel, Connection, ConnectionProperties};
use url::Url;
use uuid::Uuid;

use crate::servers::Servers;

const PATIENCE: Duration = Duration::from_secs(10);

/// A prefix that nobody else uses; what was declared under it goes away with this value.
pub struct PrivateQueues {
    server: Url,
    /// The prefix of exchanges and queues.
    pub prefix: String,
}

/// A connection to the broker.
pub async fn connect(server: &Url) -> anyhow::Result<Connection> {
    common::http_client::install_crypto();
    let connecting = Connection::connect(server.as_str(), ConnectionProperties::default());
    let connected =
        tokio::time::timeout(PATIENCE, connecting).await.context("RabbitMQ does not answer: see AMQP_URL")?;
    connected.context("RabbitMQ cannot be reached: see AMQP_URL")
}

impl PrivateQueues {
    /// A fresh prefix.
    pub fn new(servers: &Servers) -> Self {
        Self { server: servers.rabbitmq.clone(), prefix: format!("loadgen-{}", Uuid::new_v4().simple()) }
    }

    /// A queue of our own under the prefix, beside those of the product.
    pub fn bare(&self) -> String {
        format!("{}.bare", self.prefix)
    }
}

async fn delete(channel: &Channel, prefix: &str) -> lapin::Result<()> {
    let topology = Topology::new(prefix);
    let queues = Route::all().into_iter().map(|route| topology.queue(route));
    for queue in queues.chain([topology.dead(), format!("{prefix}.bare")]) {
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    for exchange in [topology.exchange(), topology.dead()] {
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await?;
    }
    Ok(())
}

impl Drop for PrivateQueues {
    fn drop(&mut self) {
        let (server, prefix) = (self.server.clone(), std::mem::take(&mut self.prefix));
        let deleting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let connection = connect(&server).await?;
                let channel = connection.create_channel().await?;
                tokio::time::timeout(PATIENCE * 3, delete(&channel, &prefix)).await??;
                anyhow::Ok(connection.close(200, "bye".into()).await?)
            })
        });
        if !matches!(deleting.join(), Ok(Ok(()))) {
            crate::report::progress("private queues named loadgen-… could not be deleted");
        }
    }
}
