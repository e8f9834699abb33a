//! What RabbitMQ can do here: one bare quorum queue, persistent messages of 500 bytes, confirms in a window of 200.

use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::queues::{PrivateQueues, connect};
use crate::report::Figure;
use crate::servers::Servers;

const WINDOW: usize = 200;
const BODY: [u8; 500] = [b'x'; 500];

/// Measures publish with consume, then publish alone.
pub async fn measure(servers: &Servers, seconds: u64) -> anyhow::Result<Vec<Figure>> {
    let queues = PrivateQueues::new(servers);
    let (publishing, consuming) = (connect(&servers.rabbitmq).await?, connect(&servers.rabbitmq).await?);
    let publisher = publishing.create_channel().await?;
    publisher.confirm_select(ConfirmSelectOptions::default()).await?;
    declare(&publisher, &queues.bare()).await?;
    let (counted, count) = watch::channel(0_u64);
    let consumer = tokio::spawn(consume(consuming.create_channel().await?, queues.bare(), counted));
    let duration = Duration::from_secs(seconds);
    publish(&publisher, &queues.bare(), Duration::from_secs(2)).await?;
    let before = *count.borrow();
    let started = Instant::now();
    let published = publish(&publisher, &queues.bare(), duration).await?;
    let both = (*count.borrow() - before) as f64 / started.elapsed().as_secs_f64();
    consumer.abort();
    consuming.close(200, "bye".into()).await?;
    // Never more than was published in the same time: what waited before is no achievement.
    let both = both.min(published);
    let alone = publish(&publisher, &queues.bare(), duration).await?;
    publishing.close(200, "bye".into()).await?;
    Ok(vec![
        Figure::new("quorum queue, 500 B persistent, window 200: publish + consume", both, "/s")
            .reference(7_000.0),
        Figure::new("the same, publish alone", alone, "/s").reference(10_400.0),
    ])
}

async fn declare(channel: &Channel, queue: &str) -> anyhow::Result<()> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await?;
    Ok(())
}

/// Publishes for so long; confirmed messages a second.
async fn publish(channel: &Channel, queue: &str, duration: Duration) -> anyhow::Result<f64> {
    let started = Instant::now();
    let (mut open, mut confirmed) = (FuturesUnordered::new(), 0_u64);
    while started.elapsed() < duration || !open.is_empty() {
        while open.len() < WINDOW && started.elapsed() < duration {
            let properties = BasicProperties::default().with_delivery_mode(2);
            let options = BasicPublishOptions::default();
            open.push(channel.basic_publish("".into(), queue.into(), options, &BODY, properties).await?);
        }
        let patience = Duration::from_secs(10);
        let confirm =
            tokio::time::timeout(patience, open.next()).await.context("RabbitMQ does not confirm")?;
        if let Some(confirm) = confirm {
            ensure!(matches!(confirm?, Confirmation::Ack(None)), "RabbitMQ refused a message");
            confirmed += 1;
        }
    }
    Ok(confirmed as f64 / started.elapsed().as_secs_f64())
}

async fn consume(channel: Channel, queue: String, counted: watch::Sender<u64>) -> anyhow::Result<()> {
    channel.basic_qos(200, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let mut deliveries =
        channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
    while let Some(delivery) = deliveries.next().await {
        delivery?.ack(Default::default()).await?;
        counted.send_modify(|count| *count += 1);
    }
    Ok(())
}
