//! What every worker process does the same: configuration, connections, internal listener, stopping.

use std::time::Duration;

use anyhow::Context as _;
use common::config::Config;
use common::crypto::Sealer;
use common::internal::{self, Readiness};
use common::queue::Publisher;
use common::shutdown::Shutdown;
use common::{db, metrics, telemetry};
use deadpool_postgres::Pool;
use tokio::net::TcpListener;
use uuid::Uuid;

/// What a duty works with.
#[derive(Clone)]
pub struct Context {
    /// Configuration.
    pub config: Config,
    /// PostgreSQL.
    pub pool: Pool,
    /// Opens credentials.
    pub sealer: Sealer,
    /// This process, for leases.
    pub holder: Uuid,
    /// What this process needs, and whether it has it.
    pub readiness: Readiness,
    /// Tracked tasks and the stop signal.
    pub shutdown: Shutdown,
}

impl Context {
    /// A context for a duty of this name.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub fn new(config: Config, name: &str, shutdown: Shutdown) -> anyhow::Result<Self> {
        let pool = db::pool(&config.database, &format!("switchboard-{name}"))?;
        let sealer = Sealer::new(&config.master_key);
        Ok(Self { config, pool, sealer, holder: Uuid::now_v7(), readiness: Readiness::default(), shutdown })
    }

    /// A publisher of this process.
    pub fn publisher(&self, name: &'static str) -> Publisher {
        Publisher::start(&self.config.broker, name, &self.shutdown)
    }
}

/// Says in `/readyz` and in metrics whether PostgreSQL is there.
async fn watch_database(context: Context, name: &'static str) {
    let connected = metrics::get().connected.with_label_values(&["postgresql", name]);
    let mut tick = tokio::time::interval(Duration::from_secs(2));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while context.shutdown.token.run_until_cancelled(tick.tick()).await.is_some() {
        let asked = db::duties::beat(&context.pool, context.holder, name).await;
        connected.set(i64::from(asked.is_ok()));
        let said = asked.err().map_or_else(|| "connected".to_owned(), |error| error.to_string());
        context.readiness.set("postgresql", true, connected.get() == 1, said);
    }
}

/// Runs a duty as a process: from the environment until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// When the configuration is not usable or the internal listener cannot be opened.
pub async fn run(
    name: &'static str,
    default_internal: &str,
    start: impl FnOnce(&Context) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    telemetry::init(name);
    let config = Config::from_env(default_internal)?;
    let shutdown = Shutdown::default();
    shutdown.on_signals()?;
    let address = config.http.internal_listen;
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.with_context(|| format!("SWITCHBOARD_INTERNAL_LISTEN: cannot listen on {address}"))?;
    let deadline = config.timings.shutdown;
    let context = Context::new(config, name, shutdown.clone())?;
    internal::serve(listener, context.readiness.clone(), &shutdown);
    shutdown.spawn(watch_database(context.clone(), name));
    start(&context)?;
    shutdown.token.cancelled().await;
    shutdown.drain(deadline).await;
    tracing::info!(process = name, "stopped");
    Ok(())
}
