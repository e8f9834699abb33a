//! Every exchange and queue, declared in one place, idempotently, and alike on RabbitMQ 3.10 and 4.x.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel as AmqpChannel, ExchangeKind};

use crate::channels::Channel;

/// Deliveries of a message before it is set aside as a dead letter.
const DELIVERY_LIMIT: i64 = 20;
/// No limit: 3.10 reads −1 as none left, 4.x reads nothing as 20.
const NO_DELIVERY_LIMIT: i64 = i32::MAX as i64;
/// Most messages of a queue of pointers; past it publishes are refused, and the rows wait in PostgreSQL.
const MOST_POINTERS: i64 = 100_000;
/// Most bytes of webhooks that wait for PostgreSQL.
const MOST_FALLBACK_BYTES: i64 = 2 << 30;

/// Where a message goes: the routing key, which is also the queue's name after the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// First attempts on a channel.
    OutboundFirst(Channel),
    /// Retries on a channel, apart so that they never starve first attempts.
    OutboundRetry(Channel),
    /// Channel events that wait to be worked off.
    Inbound,
    /// Contacts' files that are to be fetched.
    Media,
    /// Endpoints of customers that have something due.
    WebhooksFirst,
    /// Endpoints that fail, apart so that they never keep others waiting.
    WebhooksRetry,
    /// Webhooks taken in while PostgreSQL is away: the one queue that holds data.
    IntakeFallback,
}

impl Route {
    /// Every route there is.
    pub fn all() -> Vec<Self> {
        let channels = Channel::ALL.iter().copied();
        let outbound =
            channels.flat_map(|channel| [Self::OutboundFirst(channel), Self::OutboundRetry(channel)]);
        outbound
            .chain([
                Self::Inbound,
                Self::Media,
                Self::WebhooksFirst,
                Self::WebhooksRetry,
                Self::IntakeFallback,
            ])
            .collect()
    }

    /// The routing key.
    pub fn key(self) -> String {
        match self {
            Self::OutboundFirst(channel) => format!("outbound.{channel}.first"),
            Self::OutboundRetry(channel) => format!("outbound.{channel}.retry"),
            Self::Inbound => "inbound".into(),
            Self::Media => "media".into(),
            Self::WebhooksFirst => "webhooks.first".into(),
            Self::WebhooksRetry => "webhooks.retry".into(),
            Self::IntakeFallback => "intake.fallback".into(),
        }
    }

    /// The route of a stored key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::all().into_iter().find(|route| route.key() == key)
    }
}

/// Names under one prefix.
#[derive(Debug, Clone)]
pub struct Topology {
    prefix: String,
}

impl Topology {
    /// The topology whose names begin with `prefix`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The exchange that takes all work.
    pub fn exchange(&self) -> String {
        format!("{}.work", self.prefix)
    }

    /// The exchange and the queue of dead letters.
    pub fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// The queue of a route.
    pub fn queue(&self, route: Route) -> String {
        format!("{}.{}", self.prefix, route.key())
    }

    /// Declares everything; repeating it changes nothing.
    ///
    /// # Errors
    /// When the broker refuses, such as for a queue that exists with other arguments.
    pub async fn declare(&self, channel: &AmqpChannel) -> lapin::Result<()> {
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        for (name, kind) in [(self.exchange(), ExchangeKind::Direct), (self.dead(), ExchangeKind::Fanout)] {
            channel.exchange_declare(name.into(), kind, durable, FieldTable::default()).await?;
        }
        self.declare_queue(channel, &self.dead(), quorum(NO_DELIVERY_LIMIT)).await?;
        self.bind(channel, &self.dead(), &self.dead(), "").await?;
        for route in Route::all() {
            let name = self.queue(route);
            self.declare_queue(channel, &name, self.arguments(route)).await?;
            self.bind(channel, &name, &self.exchange(), &route.key()).await?;
        }
        Ok(())
    }

    fn arguments(&self, route: Route) -> FieldTable {
        let reject = AMQPValue::LongString("reject-publish".into());
        let (limit, bound, most) = match route {
            Route::IntakeFallback => (NO_DELIVERY_LIMIT, "x-max-length-bytes", MOST_FALLBACK_BYTES),
            _ => (DELIVERY_LIMIT, "x-max-length", MOST_POINTERS),
        };
        let mut arguments = quorum(limit);
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(self.dead().into()));
        arguments.insert(bound.into(), AMQPValue::LongLongInt(most));
        arguments.insert("x-overflow".into(), reject);
        arguments
    }

    async fn declare_queue(
        &self,
        channel: &AmqpChannel,
        name: &str,
        arguments: FieldTable,
    ) -> lapin::Result<()> {
        channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments).await.map(|_queue| ())
    }

    async fn bind(&self, channel: &AmqpChannel, queue: &str, exchange: &str, key: &str) -> lapin::Result<()> {
        let options = QueueBindOptions::default();
        channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await
    }
}

fn quorum(delivery_limit: i64) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(delivery_limit));
    arguments
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn every_key_leads_back_to_its_route() {
        for route in Route::all() {
            assert_eq!(Route::from_key(&route.key()), Some(route));
        }
        assert_eq!(Route::from_key("outbound.pigeon.first"), None);
    }
}
