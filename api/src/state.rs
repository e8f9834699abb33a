//! What every handler works with, built once at start.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use common::config::Config;
use common::crypto::Sealer;
use common::crypto::shared::SharedTokens;
use common::db;
use common::http_client;
use common::internal::Readiness;
use common::media::{Links, Store};
use common::problem::Problem;
use common::shutdown::Shutdown;
use common::webhooks::guard::Guard;
use deadpool_postgres::{Object, Pool};
use tokio::sync::Semaphore;

use crate::accept::Acceptor;
use crate::auth::{Keys, Sessions};
use crate::intake::Intake;
use crate::lookups::Lookups;
use crate::provider;
use crate::rate_limit::{Exchanges, RateLimit};
use crate::routes::channel_webhooks::VerifyTokens;
use crate::stream::Hub;
use crate::user_directory::Directory;

/// Uploads at once in a process.
const UPLOADS: usize = 32;

/// What every handler works with; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of the state.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// Connections to PostgreSQL; made on first use.
    pub pool: Pool,
    /// Seals credentials.
    pub sealer: Sealer,
    /// Asks providers.
    pub http: reqwest::Client,
    /// What this process needs, and whether it has it.
    pub readiness: Readiness,
    /// Tasks and their end.
    pub shutdown: Shutdown,
    /// API keys.
    pub keys: Keys,
    /// Sessions of links and embeds.
    pub sessions: Sessions,
    /// Makes and reads the tokens of links and sessions.
    pub shared: SharedTokens,
    /// How much each key may send.
    pub limits: RateLimit,
    /// How many sessions may be begun.
    pub exchanges: Exchanges,
    /// Verify tokens of connections.
    pub verify_tokens: VerifyTokens,
    /// Knows who can be assigned.
    pub directory: Directory,
    /// What providers list under accounts.
    pub lookups: Lookups,
    /// Accepts replies.
    pub acceptor: Acceptor,
    /// Takes channel webhooks in.
    pub intake: Intake,
    /// Where files lie.
    pub store: Store,
    /// Makes and reads links to files.
    pub links: Links,
    /// Knows where webhooks may go.
    pub guard: Guard,
    /// Tells readers of streams what happened.
    pub hub: Hub,
    /// Room for uploads: each holds some megabytes in memory.
    pub uploads: Semaphore,
    /// The API's description, as served.
    pub openapi: Bytes,
}

/// What the state is built from beside the configuration.
pub struct Wiring {
    /// Connections to PostgreSQL.
    pub pool: Pool,
    /// What this process needs, and whether it has it.
    pub readiness: Readiness,
    /// Tasks and their end.
    pub shutdown: Shutdown,
    /// Accepts replies.
    pub acceptor: Acceptor,
    /// Takes channel webhooks in.
    pub intake: Intake,
}

impl AppState {
    /// Builds the state.
    ///
    /// # Errors
    /// When the system's certificate store cannot be read, or the store of files cannot be used.
    pub fn new(config: Config, wiring: Wiring) -> anyhow::Result<Self> {
        let Wiring { pool, readiness, shutdown, acceptor, intake } = wiring;
        Ok(Self(Arc::new(Parts {
            sealer: Sealer::new(&config.master_key),
            http: http_client::build(provider::TIME_OUT)?,
            keys: Keys::default(),
            sessions: Sessions::new(&pool, &shutdown),
            shared: SharedTokens::new(&config.master_key),
            limits: RateLimit::new(config.http.rate_limit_per_second),
            exchanges: Exchanges::default(),
            verify_tokens: VerifyTokens::default(),
            directory: Directory::new(config.user_directory.clone()),
            lookups: Lookups::default(),
            openapi: crate::openapi::document()?,
            store: Store::open(&config.media.place)?,
            links: Links::new(&config.master_key, &config.http),
            guard: Guard::new(&config.webhooks),
            hub: Hub::start(&pool, &shutdown),
            uploads: Semaphore::new(UPLOADS),
            config,
            pool,
            readiness,
            shutdown,
            acceptor,
            intake,
        })))
    }

    /// A connection to PostgreSQL.
    ///
    /// # Errors
    /// 503 when there is none to be had.
    pub async fn db(&self) -> Result<Object, Problem> {
        Ok(self.pool.get().await.map_err(db::Error::from)?)
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
