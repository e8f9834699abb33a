//! One connection to the broker: a list of addresses tried in turn, heartbeats, and a deadline on everything.

use std::time::Duration;

use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};

use crate::config::Broker;

/// A broker that does not answer within this is taken for gone.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How often the broker is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(2);

/// A dead peer is noticed after two of these, in seconds.
const HEARTBEAT: u16 = 8;

/// Why there is no connection. Addresses stay out of it: they hold passwords.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("no broker answered within {PATIENCE:?}")]
    TimedOut,
    #[error("the broker's address is not valid")]
    Address,
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
}

/// Connects to the first address that answers.
pub(super) async fn connect(broker: &Broker, name: &str) -> Result<Connection, ConnectError> {
    crate::http_client::install_crypto();
    let mut last = ConnectError::Address;
    for url in &broker.urls {
        let Ok(mut uri) = url.expose().parse::<AMQPUri>() else { continue };
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        match tokio::time::timeout(PATIENCE, Connection::connect_uri(uri, properties)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => last = error.into(),
            Err(_elapsed) => last = ConnectError::TimedOut,
        }
    }
    Err(last)
}

/// Asks the broker something small again and again, until it does not answer. One that is frozen would be noticed by its
/// missing heartbeats only much later.
pub(super) async fn until_silent(channel: &Channel, exchange: &str) {
    let options = ExchangeDeclareOptions { passive: true, durable: true, ..Default::default() };
    loop {
        tokio::time::sleep(QUIET).await;
        let asked =
            channel.exchange_declare(exchange.into(), ExchangeKind::Direct, options, FieldTable::default());
        if !matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(()))) {
            tracing::warn!("the broker does not answer any more");
            return;
        }
    }
}

/// Closes politely, but never waits for a frozen broker.
pub(super) async fn close(connection: &Connection) {
    let _gone = tokio::time::timeout(Duration::from_secs(1), connection.close(200, "bye".into())).await;
}

/// How long to wait before the next try: up to two seconds, with jitter, without limit.
pub(super) fn backoff(failures: u32) -> Duration {
    let most = 100_u64.saturating_mul(1 << failures.min(5)).min(2_000);
    Duration::from_millis(rand::random_range(most / 2..=most))
}
