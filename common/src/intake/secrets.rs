//! All secrets of a channel, for bodies that do not tell whose they are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio::sync::Mutex;

use crate::channels::{Channel, Credentials};
use crate::crypto::Sealer;
use crate::db::{Error, connections, within};

/// How long what was read is used without looking again.
const FRESH: Duration = Duration::from_secs(5);
/// Longest wait for the database: a provider waits for its answer.
const PATIENCE: Duration = Duration::from_secs(3);

type Read = HashMap<Channel, (Instant, Arc<Vec<Credentials>>)>;

/// Secrets by channel; at most one look-up at a time, whoever knocks.
#[derive(Clone, Default)]
pub(super) struct Secrets(Arc<Mutex<Read>>);

impl Secrets {
    /// The credentials of the channel's connections, one for each secret that signs. While the database is away, those read before.
    pub(super) async fn all(
        &self,
        (pool, sealer): (&Pool, &Sealer),
        channel: Channel,
    ) -> Result<Arc<Vec<Credentials>>, Error> {
        let mut read = self.0.lock().await;
        let known = read.get(&channel).cloned();
        if let Some((_, secrets)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(secrets.clone());
        }
        match within(PATIENCE, look_up(pool, sealer, channel)).await {
            Ok(secrets) => {
                let secrets = Arc::new(secrets);
                read.insert(channel, (Instant::now(), secrets.clone()));
                Ok(secrets)
            }
            Err(error) => known.map(|(_, secrets)| secrets).ok_or(error),
        }
    }
}

async fn look_up(pool: &Pool, sealer: &Sealer, channel: Channel) -> Result<Vec<Credentials>, Error> {
    let client = pool.get().await?;
    let (mut secrets, mut seen) = (Vec::new(), HashSet::new());
    for (id, sealed) in connections::list_credentials(&client, channel).await? {
        match Credentials::open(sealer, id, &sealed) {
            Ok(credentials) => {
                if seen.insert(credentials.signs_webhooks().expose().to_owned()) {
                    secrets.push(credentials);
                }
            }
            // One connection sealed under another key must not shut out the others.
            Err(_) => {
                tracing::error!(connection.id = %id, "the credentials of a connection cannot be opened")
            }
        }
    }
    Ok(secrets)
}
