//! Whose a resource is and how its webhooks are signed, cached so that intake goes on while PostgreSQL is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio_postgres::Row;
use uuid::Uuid;

use super::secrets::Secrets;
use crate::channels::{Channel, Credentials};
use crate::config::Http;
use crate::crypto::Sealer;
use crate::db::{Error, within};
use crate::domain::ids::{ConnectionId, InboxId, OrganizationId};

/// How long an answer is trusted before it is looked up again.
const FRESH: Duration = Duration::from_secs(5);
/// Longest wait for the database: a provider waits for its answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most resources remembered.
const MOST: usize = 100_000;

/// Where a resource's events belong and how they are verified.
#[derive(Debug, Clone)]
pub struct Source {
    /// The organization.
    pub organization: OrganizationId,
    /// The inbox; none for events about the account as a whole.
    pub inbox: Option<InboxId>,
    /// The connection whose secret signs.
    pub connection: ConnectionId,
    /// Its secrets.
    pub credentials: Arc<Credentials>,
    /// Whether the inbox was deleted: then only what is reported of messages that had left counts.
    pub deleted: bool,
}

type Known = HashMap<(Channel, String), (Instant, Option<Source>)>;

/// Looks sources up; cheap to clone.
#[derive(Clone)]
pub struct Sources {
    pool: Pool,
    sealer: Sealer,
    /// The address under which providers reach us.
    webhook_base: Arc<str>,
    known: Arc<Mutex<Known>>,
    secrets: Secrets,
}

/// A resource is an inbox's, or an account's by the name of its connection, or that of the inbox that had it last.
const FIND: &str = "SELECT r.resource, f.organization_id, f.inbox_id, f.connection_id, f.credentials, f.deleted
    FROM unnest($2::text[]) AS r (resource) JOIN LATERAL (
        (SELECT i.organization_id, i.id AS inbox_id, c.id AS connection_id, c.credentials, false AS deleted FROM inboxes i
        JOIN connections c ON c.id = i.connection_id
        WHERE i.channel = $1 AND i.external_id = r.resource AND i.deleted_at IS NULL)
        UNION ALL
        (SELECT organization_id, NULL, id, credentials, false FROM connections
        WHERE channel = $1 AND external_id = r.resource LIMIT 1)
        UNION ALL
        (SELECT i.organization_id, i.id, c.id, c.credentials, true FROM inboxes i
        JOIN connections c ON c.id = i.connection_id
        WHERE i.channel = $1 AND i.external_id = r.resource AND i.deleted_at IS NOT NULL
        ORDER BY i.deleted_at DESC LIMIT 1)
        LIMIT 1
    ) f ON true";

impl Sources {
    /// Sources read from `pool`, their secrets opened by `sealer`; providers reach us under the address that `http` tells.
    pub fn new(pool: Pool, sealer: Sealer, http: &Http) -> Self {
        Self {
            pool,
            sealer,
            webhook_base: http.webhook_base().into(),
            known: Arc::default(),
            secrets: Secrets::default(),
        }
    }

    /// The address under which providers reach us, which some of them sign.
    pub(super) fn webhook_base(&self) -> &str {
        &self.webhook_base
    }

    /// The source of each resource that has one. While the database is away, what was known before is trusted on.
    ///
    /// # Errors
    /// When the database is away and a resource has never been looked up.
    pub async fn find(
        &self,
        channel: Channel,
        resources: &[String],
    ) -> Result<HashMap<String, Source>, Error> {
        let (mut found, asked) = self.recall(channel, resources, true);
        if asked.is_empty() {
            return Ok(found);
        }
        match within(PATIENCE, self.look_up(channel, &asked)).await {
            Ok(fresh) => {
                self.remember(channel, &asked, &fresh);
                found.extend(fresh);
                Ok(found)
            }
            Err(error) => {
                let (found, unknown) = self.recall(channel, resources, false);
                if !unknown.is_empty() {
                    return Err(error);
                }
                // For a while longer, so that not every webhook waits for a server that does not answer.
                self.remember(channel, &asked, &found);
                Ok(found)
            }
        }
    }

    /// The credentials of every connection of a channel, for bodies that do not tell whose they are.
    ///
    /// # Errors
    /// When the database is away and they have never been looked up.
    pub(super) async fn all(&self, channel: Channel) -> Result<Arc<Vec<Credentials>>, Error> {
        self.secrets.all((&self.pool, &self.sealer), channel).await
    }

    fn recall(
        &self,
        channel: Channel,
        resources: &[String],
        fresh: bool,
    ) -> (HashMap<String, Source>, Vec<String>) {
        let (mut found, mut missing) = (HashMap::new(), Vec::new());
        let Ok(known) = self.known.lock() else { return (found, resources.to_vec()) };
        for resource in resources {
            match known.get(&(channel, resource.clone())) {
                Some((at, source)) if !fresh || at.elapsed() < FRESH => {
                    found.extend(source.clone().map(|source| (resource.clone(), source)));
                }
                _ => missing.push(resource.clone()),
            }
        }
        (found, missing)
    }

    fn remember(&self, channel: Channel, asked: &[String], fresh: &HashMap<String, Source>) {
        let Ok(mut known) = self.known.lock() else { return };
        if known.len() + asked.len() > MOST {
            known.clear();
        }
        for resource in asked {
            known.insert((channel, resource.clone()), (Instant::now(), fresh.get(resource).cloned()));
        }
    }

    async fn look_up(
        &self,
        channel: Channel,
        resources: &[String],
    ) -> Result<HashMap<String, Source>, Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(FIND).await?;
        let rows = client.query(&statement, &[&channel.as_str(), &resources]).await?;
        rows.iter().map(|row| self.read(row)).collect()
    }

    fn read(&self, row: &Row) -> Result<(String, Source), Error> {
        let connection: Uuid = row.try_get(3)?;
        let credentials = Credentials::open(&self.sealer, ConnectionId(connection), row.try_get(4)?)
            .map_err(|error| Error::Stored(error.to_string()))?;
        let source = Source {
            organization: OrganizationId(row.try_get(1)?),
            inbox: row.try_get::<_, Option<Uuid>>(2)?.map(InboxId),
            connection: ConnectionId(connection),
            credentials: Arc::new(credentials),
            deleted: row.try_get(5)?,
        };
        Ok((row.try_get(0)?, source))
    }
}
