//! Queue names of one test: a prefix of its own, deleted at the end.

use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Channel, Connection, ConnectionProperties};
use uuid::Uuid;

use super::leftovers::{self, Note};
use crate::config::{Broker, Secret};
use crate::queue::{Route, Topology};

/// A private set of exchanges and queues on the broker named by `AMQP_URL`; deleted with this value.
pub struct TestBroker {
    config: Broker,
    note: Option<Note>,
}

/// A set that was deleted with its value, and when. Programs that its test leaves to the end declare theirs anew, so it is deleted
/// once more when they are gone: by this process, or by the next one, which finds the note.
struct Dropped {
    config: Broker,
    note: Note,
    at: Instant,
}

static DROPPED: Mutex<Vec<Dropped>> = Mutex::new(Vec::new());
/// Longer than a test's programs outlive its broker.
const OUTLIVED: Duration = Duration::from_secs(5);

/// Longest wait for a broker when tidying up.
const PATIENCE: Duration = Duration::from_secs(5);

fn url() -> String {
    std::env::var("AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".into())
}

async fn channel(broker: &Broker) -> lapin::Result<(Connection, Channel)> {
    crate::http_client::install_crypto();
    let url = broker.urls.first().map(|url| url.expose().to_owned()).unwrap_or_default();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}

impl Default for TestBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl TestBroker {
    /// Fresh names; whoever connects declares them.
    pub fn new() -> Self {
        Self::on(&url())
    }

    /// Fresh names on the broker at this address.
    pub fn on(url: &str) -> Self {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| sweep(url.to_owned()));
        delete_again();
        let prefix = format!("test-{}", Uuid::new_v4().simple());
        let note = Some(Note::new(url, &prefix));
        Self { config: Broker { urls: vec![Secret::new(url)], prefix }, note }
    }

    /// Its configuration section.
    pub fn config(&self) -> Broker {
        self.config.clone()
    }

    /// Takes every message out of every work queue; how many there were.
    ///
    /// # Panics
    /// When the broker cannot be used.
    pub async fn purge(&self) -> u32 {
        // A broker that is busy with other tests may leave a session without an answer; a fresh one gets it.
        for _ in 0..3 {
            if let Ok(purged) = tokio::time::timeout(PATIENCE, self.purge_once()).await {
                return purged;
            }
        }
        panic!("RabbitMQ purges no queue");
    }

    async fn purge_once(&self) -> u32 {
        let (connection, channel) = channel(&self.config).await.expect("RabbitMQ for tests; see AMQP_URL");
        let mut purged = 0;
        for route in Route::all() {
            let name = Topology::new(&self.config.prefix).queue(route);
            purged += channel.queue_purge(name.into(), Default::default()).await.expect("purge");
        }
        connection.close(200, "bye".into()).await.expect("close");
        purged
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let config = self.config.clone();
        // Whoever could not delete leaves it to later.
        let _deleted = std::thread::spawn(move || in_a_runtime(delete(config))).join();
        if let Some(note) = self.note.take() {
            let dropped = Dropped { config: self.config.clone(), note, at: Instant::now() };
            DROPPED.lock().unwrap_or_else(PoisonError::into_inner).push(dropped);
        }
    }
}

/// Deletes, in the background, what was declared anew of sets that were deleted a while ago.
fn delete_again() {
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let due: Vec<Dropped> = dropped.extract_if(.., |one| one.at.elapsed() > OUTLIVED).collect();
    drop(dropped);
    if !due.is_empty() {
        std::thread::spawn(move || {
            for Dropped { config, note, .. } in due {
                if in_a_runtime(delete(config)) {
                    note.remove();
                }
            }
        });
    }
}

/// Removes, in the background, what killed runs left behind.
fn sweep(url: String) {
    std::thread::spawn(move || {
        for note in leftovers::find_sets(&url) {
            let config = Broker { urls: vec![Secret::new(url.as_str())], prefix: note.prefix() };
            if in_a_runtime(delete(config)) {
                note.remove();
            }
        }
        leftovers::forget_brokers();
    });
}

fn in_a_runtime<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("runtime").block_on(work)
}

/// Deletes whatever there is of a set; says whether the broker could be reached.
async fn delete(config: Broker) -> bool {
    let topology = Topology::new(&config.prefix);
    // A test that failed may leave its broker frozen.
    let reached = tokio::time::timeout(PATIENCE, channel(&config)).await;
    let Ok(Ok((connection, channel))) = reached else { return false };
    let queues = Route::all().into_iter().map(|route| topology.queue(route)).chain([topology.dead()]);
    for queue in queues {
        let _best_effort = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
    }
    for exchange in [topology.exchange(), topology.dead()] {
        let _best_effort = channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await;
    }
    connection.close(200, "bye".into()).await.is_ok()
}
