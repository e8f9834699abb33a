//! One task that asks how far each organization's event log is, reads what is new once, and hands it to all readers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::db::{Error, event_log};
use common::domain::ids::OrganizationId;
use common::shutdown::Shutdown;
use deadpool_postgres::Pool;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Between looks while somebody reads.
const PAUSE: Duration = Duration::from_millis(100);
/// Between looks while the database is away.
const AWAY: Duration = Duration::from_secs(1);
/// Events read at once.
const PAGE: i64 = 200;
/// Events that a reader may be behind before it reads by itself; the only memory that readers of an organization share.
const BEHIND: usize = 512;
/// Readers of a process.
const READERS: usize = 2_000;

/// An event, written out once for all readers.
#[derive(Debug)]
pub(super) struct Told {
    /// What it is about.
    pub head: event_log::Head,
    /// Its JSON.
    pub json: String,
}

impl Told {
    /// Writes an event out.
    pub(super) fn new(entry: event_log::Entry) -> Result<Self, Error> {
        let json = common::webhooks::body(&entry).map_err(|error| Error::Stored(error.to_string()))?;
        Ok(Self { head: entry.head, json })
    }
}

/// What readers are told.
#[derive(Debug, Clone)]
pub(super) enum News {
    /// An event.
    Event(Arc<Told>),
    /// The log reaches so far: who is not there yet reads by itself.
    Reached(i64),
}

/// Tells readers what happens; cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    topics: Mutex<HashMap<Uuid, Topic>>,
    begun: Notify,
    room: Arc<Semaphore>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Topic {
    news: broadcast::Sender<News>,
    /// The last number told; none before the first look.
    reached: Option<i64>,
}

impl Hub {
    /// Starts the task; it asks nothing while nobody reads.
    pub fn start(pool: &Pool, shutdown: &Shutdown) -> Self {
        let shared = Arc::new(Shared {
            topics: Mutex::default(),
            begun: Notify::new(),
            room: Arc::new(Semaphore::new(READERS)),
            stop: shutdown.token.clone(),
        });
        let (hub, pool) = (Self(shared), pool.clone());
        let looking = hub.clone();
        shutdown.spawn(async move {
            let stop = looking.0.stop.clone();
            _ = stop.run_until_cancelled(looking.run(pool)).await;
        });
        hub
    }

    /// Room for one more reader, if there is any.
    pub(super) fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.0.room.clone().try_acquire_owned().ok()
    }

    /// Cancelled when the process stops.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// What happens in an organization from now on.
    pub(super) fn listen(&self, organization: OrganizationId) -> broadcast::Receiver<News> {
        let mut topics = self.0.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = topics
            .entry(organization.0)
            .or_insert_with(|| Topic { news: broadcast::channel(BEHIND).0, reached: None });
        let news = topic.news.subscribe();
        self.0.begun.notify_one();
        news
    }

    async fn run(&self, pool: Pool) {
        loop {
            let organizations = self.read_ones();
            if organizations.is_empty() {
                self.0.begun.notified().await;
                continue;
            }
            let pause = match self.look(&pool, &organizations).await {
                Ok(()) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "the event log cannot be read; streams wait");
                    AWAY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Organizations that somebody reads; the others are forgotten.
    fn read_ones(&self) -> Vec<Uuid> {
        let mut topics = self.0.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.retain(|_, topic| topic.news.receiver_count() > 0);
        topics.keys().copied().collect()
    }

    async fn look(&self, pool: &Pool, organizations: &[Uuid]) -> Result<(), Error> {
        let client = pool.get().await?;
        let numbers: HashMap<Uuid, i64> =
            event_log::last_numbers(&client, organizations).await?.into_iter().collect();
        for id in organizations {
            let last = numbers.get(id).copied().unwrap_or(0);
            let Some(mut reached) = self.begin(*id, last) else { continue };
            while reached < last {
                let entries = event_log::read(&client, OrganizationId(*id), reached, PAGE).await?;
                // Nothing of it is kept: readers find out by themselves.
                let Some(end) = entries.last().map(|entry| entry.head.seq) else {
                    self.reach(*id, last);
                    break;
                };
                let told = entries.into_iter().map(|entry| Told::new(entry).map(Arc::new));
                let told = told.collect::<Result<Vec<_>, _>>()?;
                reached = end;
                self.tell(*id, end, told);
            }
        }
        Ok(())
    }

    /// How far an organization's readers were told; at the first look, they are told how far the log is.
    fn begin(&self, id: Uuid, last: i64) -> Option<i64> {
        let mut topics = self.0.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = topics.get_mut(&id)?;
        if topic.reached.is_none() {
            topic.reached = Some(last);
            _ = topic.news.send(News::Reached(last));
        }
        topic.reached
    }

    /// Readers that are not there yet read by themselves.
    fn reach(&self, id: Uuid, reached: i64) {
        let mut topics = self.0.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get_mut(&id) {
            topic.reached = Some(reached);
            _ = topic.news.send(News::Reached(reached));
        }
    }

    fn tell(&self, id: Uuid, reached: i64, told: Vec<Arc<Told>>) {
        let mut topics = self.0.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get_mut(&id) {
            topic.reached = Some(reached);
            for event in told {
                _ = topic.news.send(News::Event(event));
            }
        }
    }
}
