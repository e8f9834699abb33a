//! Who sends and fetches for an inbox, cached for a few seconds: address and token of its provider, and its pace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::channels::{self, Channel, Credentials, Sender};
use common::config::Channels;
use common::crypto::Sealer;
use common::db::Error;
use common::domain::ids::ConnectionId;
use deadpool_postgres::Pool;
use uuid::Uuid;

use crate::process::Context;

/// How long an answer is trusted: a new token is in use after this.
const FRESH: Duration = Duration::from_secs(2);

/// What is known of an inbox.
#[derive(Clone)]
pub(crate) struct Known {
    at: Instant,
    /// Its channel.
    pub channel: Channel,
    /// Its sender.
    pub sender: Arc<Sender>,
    pace: i32,
}

/// Looks senders up.
pub(crate) struct Senders {
    pool: Pool,
    sealer: Sealer,
    channels: Channels,
    /// The address under which providers reach us.
    webhook_base: String,
    known: Mutex<HashMap<Uuid, Known>>,
}

const FIND: &str = "SELECT i.channel, i.external_id, i.pace, c.id, c.api_url, c.credentials, c.external_id,
        i.messaging_service_id
    FROM inboxes i JOIN connections c ON c.id = i.connection_id WHERE i.id = $1";

impl Senders {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            pool: context.pool.clone(),
            sealer: context.sealer.clone(),
            channels: context.config.channels.clone(),
            webhook_base: context.config.http.webhook_base().to_owned(),
            known: Mutex::default(),
        }
    }

    /// The inbox's sender.
    pub(crate) async fn sender(&self, inbox: Uuid) -> Result<Arc<Sender>, Error> {
        Ok(self.find(inbox).await?.sender)
    }

    /// Messages a second that the inbox may send.
    pub(crate) async fn pace(&self, inbox: Uuid) -> Result<i32, Error> {
        Ok(self.find(inbox).await?.pace)
    }

    /// Channel and sender of an inbox.
    pub(crate) async fn find(&self, inbox: Uuid) -> Result<Known, Error> {
        let known = self.known.lock().ok().and_then(|known| known.get(&inbox).cloned());
        if let Some(known) = known.filter(|known| known.at.elapsed() < FRESH) {
            return Ok(known);
        }
        let fresh = self.look_up(inbox).await?;
        if let Ok(mut known) = self.known.lock() {
            known.retain(|_, known| known.at.elapsed() < FRESH * 30);
            known.insert(inbox, fresh.clone());
        }
        Ok(fresh)
    }

    async fn look_up(&self, inbox: Uuid) -> Result<Known, Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(FIND).await?;
        let row = client.query_opt(&statement, &[&inbox]).await?;
        let row = row.ok_or_else(|| Error::Stored(format!("no inbox {inbox}")))?;
        let connection = ConnectionId(row.try_get(3)?);
        let stored = |error: String| Error::Stored(error);
        let credentials = Credentials::open(&self.sealer, connection, row.try_get(5)?);
        let credentials = credentials.map_err(|error| stored(error.to_string()))?;
        let channel = row.try_get::<_, &str>(0)?.parse().map_err(stored)?;
        let base_url = channels::base_url(channel, &self.channels, row.try_get(4)?).map_err(stored)?;
        let account: String = row.try_get(6)?;
        let (user, access_token) = credentials.login(&account);
        let sender = Sender {
            external_id: row.try_get(1)?,
            account,
            service: row.try_get(7)?,
            base_url,
            access_token,
            user,
            webhook_url: format!("{}/channels/{channel}/webhook", self.webhook_base),
        };
        Ok(Known { at: Instant::now(), channel, sender: Arc::new(sender), pace: row.try_get(2)? })
    }
}
