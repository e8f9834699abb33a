//! `switchboard dead-letters replay`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use common::config::Broker;
use common::db::dead_letters::{self, DeadLetter};
use common::domain::ids::DeadLetterId;
use common::queue::{LanePointer, Publisher, Route, Task};
use common::shutdown::Shutdown;
use deadpool_postgres::Transaction;
use tokio::sync::OnceCell;

use super::audit;
use super::each::{Act, each};
use crate::environment;
use crate::output::Output;

/// How long to wait for the broker.
const BROKER_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for the broker's connection to be closed.
const CLOSING: Duration = Duration::from_secs(2);

/// Arguments of `dead-letters replay`.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// Ids of dead letters (dlq_…)
    #[arg(value_name = "ID", required = true)]
    ids: Vec<DeadLetterId>,
}

impl Replay {
    /// Gives the dead letters back: pointers to the broker, channel events to their lane.
    ///
    /// # Errors
    /// When one is unknown, was acted on before or cannot be replayed, or a server fails; the others are replayed all the
    /// same.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let broker = environment::broker()?;
        let mut session = environment::session().await?;
        let replaying = Replaying { broker, shutdown: Shutdown::default(), publisher: OnceCell::new() };
        let done = each(&mut session, &self.ids, output, &replaying).await;
        replaying.shutdown.drain(CLOSING).await;
        done
    }
}

struct Replaying {
    broker: Broker,
    shutdown: Shutdown,
    publisher: OnceCell<Publisher>,
}

impl Act for Replaying {
    const DONE: &'static str = "replayed";

    /// Publishes before it is noted: a pointer published twice costs a look, one that is noted and lost would be lost.
    async fn act(&self, tx: &Transaction<'_>, letter: &DeadLetter) -> anyhow::Result<String> {
        let follows = match (letter.channel_event, letter.body.as_deref()) {
            (Some(event), _) => revive(tx, event).await?,
            (None, Some(body)) => self.republish(tx, letter, body).await?,
            (None, None) => bail!("it carries nothing: discard it"),
        };
        dead_letters::set_replayed(tx, letter.id).await?;
        audit::note(tx, letter, "dead_letter.replay").await?;
        Ok(follows)
    }
}

async fn revive(tx: &Transaction<'_>, event: i64) -> anyhow::Result<String> {
    if !dead_letters::revive_channel_event(tx, event).await? {
        bail!("channel event {event} is gone or has been worked off since: discard the dead letter");
    }
    Ok(format!("channel event {event} is worked off within seconds, while a relay and an inbound worker run"))
}

impl Replaying {
    async fn republish(
        &self,
        tx: &Transaction<'_>,
        letter: &DeadLetter,
        body: &[u8],
    ) -> anyhow::Result<String> {
        let unreadable =
            "its body is no task of a version we know, so it has no route: discard the dead letter";
        let tasks = match Task::decode(body).map_err(|_| anyhow!(unreadable))? {
            task @ Task::ApplyChannelEventsV1 { .. } => vec![(Route::Inbound, task)],
            task @ Task::FetchMediaV1 { .. } => vec![(Route::Media, task)],
            task @ Task::PostWebhooksV1 { .. } => vec![(Route::WebhooksRetry, task)],
            Task::DeliverLanesV1 { lanes } => by_channel(tx, letter, &lanes).await?,
        };
        if tasks.is_empty() {
            return Ok("the conversations that it points at are gone, so nothing was published".to_owned());
        }
        let publisher = self.publisher().await?;
        let mut keys = Vec::new();
        for (route, task) in &tasks {
            let sent = publisher.publish(*route, &task.encode()).await;
            sent.context("RabbitMQ did not confirm the message: try again; repeating it does no harm")?;
            keys.push(route.key());
        }
        Ok(format!("published to {}", keys.join(", ")))
    }

    async fn publisher(&self) -> anyhow::Result<&Publisher> {
        let start = async || Publisher::start(&self.broker, "switchboard-cli", &self.shutdown);
        let publisher = self.publisher.get_or_init(start).await;
        tokio::time::timeout(BROKER_PATIENCE, publisher.wait_connected()).await.map_err(|_| {
            anyhow!("RabbitMQ cannot be reached: check that it runs and that AMQP_URL names it")
        })?;
        Ok(publisher)
    }
}

/// Delivery pointers by the route of their channel: the stored one if it is known, else that of retries.
async fn by_channel(
    tx: &Transaction<'_>,
    letter: &DeadLetter,
    pointers: &[LanePointer],
) -> anyhow::Result<Vec<(Route, Task)>> {
    let stored = Route::from_key(&letter.route);
    let lanes: Vec<_> = pointers.iter().map(|pointer| pointer.lane).collect();
    let mut routes: BTreeMap<String, (Route, Vec<LanePointer>)> = BTreeMap::new();
    for owner in dead_letters::list_lane_owners(tx, &lanes).await? {
        let route = stored.unwrap_or(Route::OutboundRetry(owner.channel));
        let found = pointers.iter().copied().filter(|pointer| pointer.lane == owner.lane).take(1);
        routes.entry(route.key()).or_insert_with(|| (route, Vec::new())).1.extend(found);
    }
    let tasks = routes.into_values().flat_map(|(route, lanes)| {
        let tasks: Vec<_> = lanes
            .chunks(Task::LANES)
            .map(|lanes| (route, Task::DeliverLanesV1 { lanes: lanes.to_vec() }))
            .collect();
        tasks
    });
    Ok(tasks.collect())
}
