//! Looks at the broker without changing anything, for the operator: its version, what is declared, what waits.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Connection, ExchangeKind};

use super::connect::{PATIENCE, close, connect};
use super::topology::{Route, Topology};
use super::version;
use crate::config::Broker;

/// How the broker stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Product and version of the first address that answers, such as `RabbitMQ 3.10.8`.
    pub version: Result<String, String>,
    /// Exchanges that are not declared.
    pub missing_exchanges: Vec<String>,
    /// Every queue of ours.
    pub queues: Vec<Queue>,
}

/// A queue as the broker tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its route; none for the queue of dead letters.
    pub route: Option<Route>,
    /// What waits in it and who takes from it; none while it is not declared.
    pub state: Option<QueueState>,
}

/// What waits in a queue and who takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    /// Messages ready to be taken.
    pub messages: u32,
    /// Consumers.
    pub consumers: u32,
}

/// Why the broker cannot be looked at. Addresses stay out of it: they hold passwords.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InspectError(String);

/// Looks at the broker; nothing is declared.
///
/// # Errors
/// When it cannot be reached, or stops answering.
pub async fn inspect(broker: &Broker) -> Result<Inspection, InspectError> {
    let failed = |error: &dyn std::fmt::Display| InspectError(error.to_string());
    let connection = connect(broker, "switchboard-doctor").await.map_err(|error| failed(&error))?;
    let looked = tokio::time::timeout(PATIENCE * 4, look(&connection, &Topology::new(&broker.prefix))).await;
    close(&connection).await;
    let (missing_exchanges, queues) = match looked {
        Ok(looked) => looked.map_err(|error| failed(&error))?,
        Err(_elapsed) => return Err(InspectError("the broker stopped answering".into())),
    };
    Ok(Inspection { version: version_of_first(broker).await, missing_exchanges, queues })
}

async fn look(connection: &Connection, topology: &Topology) -> lapin::Result<(Vec<String>, Vec<Queue>)> {
    let mut missing = Vec::new();
    for (name, kind) in [(topology.exchange(), ExchangeKind::Direct), (topology.dead(), ExchangeKind::Fanout)]
    {
        // Asking for what is not there closes the channel, so each question has its own.
        let channel = connection.create_channel().await?;
        let options = ExchangeDeclareOptions { passive: true, durable: true, ..Default::default() };
        let asked =
            channel.exchange_declare(name.as_str().into(), kind, options, FieldTable::default()).await;
        if found(asked)?.is_none() {
            missing.push(name);
        }
    }
    let routes = Route::all().into_iter().map(|route| (topology.queue(route), Some(route)));
    let mut queues = Vec::new();
    for (name, route) in routes.chain([(topology.dead(), None)]) {
        let channel = connection.create_channel().await?;
        let options = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let asked = channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await;
        let state = found(asked)?
            .map(|queue| QueueState { messages: queue.message_count(), consumers: queue.consumer_count() });
        queues.push(Queue { name, route, state });
    }
    Ok((missing, queues))
}

/// Nothing, if the broker says that there is no such thing.
fn found<T>(asked: lapin::Result<T>) -> lapin::Result<Option<T>> {
    const NOT_FOUND: u16 = 404;
    match asked {
        Ok(thing) => Ok(Some(thing)),
        Err(error) => match error.kind() {
            lapin::ErrorKind::ProtocolError(refusal) if refusal.get_id() == NOT_FOUND => Ok(None),
            _ => Err(error),
        },
    }
}

async fn version_of_first(broker: &Broker) -> Result<String, String> {
    let uris: Vec<AMQPUri> = broker.urls.iter().filter_map(|url| url.expose().parse().ok()).collect();
    let asked = tokio::task::spawn_blocking(move || {
        let mut last = Err("no address can be read".to_owned());
        for uri in &uris {
            last = version::ask(uri).map_err(|error| error.to_string());
            if last.is_ok() {
                break;
            }
        }
        last
    });
    match tokio::time::timeout(PATIENCE + Duration::from_secs(5), asked).await {
        Ok(Ok(version)) => version,
        Ok(Err(_)) | Err(_) => Err("the broker did not tell its version in time".to_owned()),
    }
}
