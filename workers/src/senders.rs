//! Who sends and fetches for an inbox, cached for a few seconds: address and token of its provider, and its pace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::channels::{self, Channel, Credentials, Sender, Tokens};
use common::config::Channels;
use common::crypto::Sealer;
use common::db::Error;
use common::domain::ids::ConnectionId;
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::process::Context;

/// How long an answer is trusted: a new token is in use after this.
const FRESH: Duration = Duration::from_secs(2);

/// What is known of an inbox.
#[derive(Clone)]
pub(crate) struct Known {
    /// Its channel.
    pub channel: Channel,
    /// Its sender.
    pub sender: Arc<Sender>,
}

/// What is remembered of an inbox. A deleted one may have nobody who sends for it any more.
#[derive(Clone)]
struct Remembered {
    at: Instant,
    channel: Channel,
    sender: Option<Arc<Sender>>,
    pace: i32,
}

/// Looks senders up.
pub(crate) struct Senders {
    pool: Pool,
    sealer: Sealer,
    channels: Channels,
    /// The address under which providers reach us.
    webhook_base: String,
    tokens: Tokens,
    known: Mutex<HashMap<Uuid, Remembered>>,
}

const FIND: &str = "SELECT i.channel, i.external_id, i.pace, c.id, c.api_url, c.credentials, c.external_id,
        i.messaging_service_id
    FROM inboxes i LEFT JOIN connections c ON c.id = i.connection_id WHERE i.id = $1";

impl Senders {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            pool: context.pool.clone(),
            sealer: context.sealer.clone(),
            channels: context.config.channels.clone(),
            webhook_base: context.config.http.webhook_base().to_owned(),
            tokens: Tokens::default(),
            known: Mutex::default(),
        }
    }

    /// The inbox's sender.
    pub(crate) async fn sender(&self, inbox: Uuid) -> Result<Arc<Sender>, Error> {
        Ok(self.find(inbox).await?.sender)
    }

    /// Messages a second that the inbox may send; also of one that was deleted, whose lanes still have their turn.
    pub(crate) async fn pace(&self, inbox: Uuid) -> Result<i32, Error> {
        Ok(self.recall(inbox).await?.pace)
    }

    /// Channel and sender of an inbox.
    pub(crate) async fn find(&self, inbox: Uuid) -> Result<Known, Error> {
        let known = self.recall(inbox).await?;
        let gone = || Error::Stored(format!("nobody sends for the deleted inbox {inbox}"));
        Ok(Known { channel: known.channel, sender: known.sender.ok_or_else(gone)? })
    }

    async fn recall(&self, inbox: Uuid) -> Result<Remembered, Error> {
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

    async fn look_up(&self, inbox: Uuid) -> Result<Remembered, Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(FIND).await?;
        let row = client.query_opt(&statement, &[&inbox]).await?;
        let row = row.ok_or_else(|| Error::Stored(format!("no inbox {inbox}")))?;
        let channel = row.try_get::<_, &str>(0)?.parse().map_err(Error::Stored)?;
        let sender = match row.try_get::<_, Option<Uuid>>(3)? {
            Some(connection) => Some(Arc::new(self.open(&row, ConnectionId(connection), channel)?)),
            None => None,
        };
        Ok(Remembered { at: Instant::now(), channel, sender, pace: row.try_get(2)? })
    }

    fn open(&self, row: &Row, connection: ConnectionId, channel: Channel) -> Result<Sender, Error> {
        let credentials = Credentials::open(&self.sealer, connection, row.try_get(5)?);
        let credentials = credentials.map_err(|error| Error::Stored(error.to_string()))?;
        let base_url = channels::base_url(channel, &self.channels, row.try_get(4)?).map_err(Error::Stored)?;
        let account: String = row.try_get(6)?;
        let (user, access_token) = credentials.login(&account);
        Ok(Sender {
            external_id: row.try_get(1)?,
            account,
            service: row.try_get(7)?,
            base_url,
            access_token,
            tokens: self.tokens.clone(),
            user,
            webhook_url: format!("{}/channels/{channel}/webhook", self.webhook_base),
        })
    }
}
