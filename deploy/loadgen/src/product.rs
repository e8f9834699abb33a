//! A private copy of the product: its processes on free ports, with a database and queues of their own.

use std::net::SocketAddr;

use crate::database::PrivateDatabase;
use crate::processes::Watch;
use crate::programs::{Programs, free_address};
use crate::queues::PrivateQueues;
use crate::report::progress;
use crate::sandbox;
use crate::seed::{self, Seed, Shape};
use crate::servers::Servers;

/// Running processes and what they run on, ended and removed in this order.
pub struct Product {
    /// The processes.
    pub programs: Programs,
    /// Their database.
    pub database: PrivateDatabase,
    _queues: PrivateQueues,
    /// What was filled in.
    pub seed: Seed,
    /// Where the api listens.
    pub api: SocketAddr,
    /// Where the sandbox listens.
    pub sandbox: SocketAddr,
    /// Each process's internal listener.
    pub internals: Vec<(&'static str, SocketAddr)>,
}

/// How the provider behaves; its rates are enforced, and its statuses come in batches as a busy provider's do.
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// Milliseconds from acceptance to `sent`, and from there to `delivered`.
    pub status_ms: u64,
    /// Most statuses in one webhook.
    pub status_batch: u64,
}

/// What every process of a private copy is told.
pub fn environment(
    servers: &Servers,
    database: &PrivateDatabase,
    queues: &PrivateQueues,
    api: SocketAddr,
) -> Vec<(String, String)> {
    let environment = [
        ("DATABASE_URL", database.url().to_string()),
        ("AMQP_URL", servers.rabbitmq.to_string()),
        ("SWITCHBOARD_QUEUE_PREFIX", queues.prefix.clone()),
        ("SWITCHBOARD_MASTER_KEY", seed::master_key()),
        ("SWITCHBOARD_ALLOWED_API_URLS", "loopback".to_owned()),
        ("SWITCHBOARD_LISTEN", api.to_string()),
        ("SWITCHBOARD_MEDIA_URL", format!("file://{}/switchboard-loadgen", std::env::temp_dir().display())),
        ("SWITCHBOARD_LOG_FORMAT", "text".to_owned()),
        // Few keys stand for many clients.
        ("SWITCHBOARD_RATE_LIMIT_PER_SECOND", "1000000".to_owned()),
    ];
    environment.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

impl Product {
    /// Starts the api, and with a provider the workers and the sandbox too.
    pub async fn start(servers: &Servers, shape: Shape, provider: Option<Provider>) -> anyhow::Result<Self> {
        let database = PrivateDatabase::create_migrated(servers).await?;
        let queues = PrivateQueues::new(servers);
        let (api, sandbox) = (free_address()?, free_address()?);
        progress(&format!(
            "filling a database with {} conversations of {} senders",
            shape.conversations, shape.senders
        ));
        let client = database.connect().await?;
        let seed = seed::fill(&client, shape, Some(&format!("http://{sandbox}"))).await?;
        // The tables that were filled. Empty ones keep what a fresh installation knows of them, unless that is asked for.
        let tables = if shape.vacuum_empty { "" } else { seed::FILLED };
        client.batch_execute(&format!("VACUUM ANALYZE {tables}")).await?;
        let environment = environment(servers, &database, &queues, api);
        let (programs, internals) = (Programs::new(environment)?, Vec::new());
        let mut product = Self { programs, database, _queues: queues, seed, api, sandbox, internals };
        product.start_programs(provider).await?;
        Ok(product)
    }

    async fn start_programs(&mut self, provider: Option<Provider>) -> anyhow::Result<()> {
        progress("starting the product");
        if let Some(provider) = provider {
            let settings = serde_json::json!({
                "pacing": true, "window": false, "recipientFaults": false, "batch": provider.status_batch,
                "statusMs": provider.status_ms,
            });
            let (listen, settings) = (self.sandbox.to_string(), settings.to_string());
            let arguments = ["--listen", &listen, "--settings", &settings, "--log", "warn"];
            self.programs.start("sandbox", "sandbox", &arguments, &[])?;
            self.programs.ready("sandbox", self.sandbox, "/healthz").await?;
            sandbox::connect(self.sandbox, self.api, &self.seed).await?;
        }
        let all = [
            ("api", "switchboard-api"),
            ("relay", "relay"),
            ("inbound", "inbound"),
            ("outbound", "outbound"),
        ];
        for (name, program) in all {
            if name != "api" && provider.is_none() {
                continue;
            }
            let internal = free_address()?;
            self.programs.start(
                name,
                program,
                &[],
                &[("SWITCHBOARD_INTERNAL_LISTEN", internal.to_string())],
            )?;
            self.internals.push((name, internal));
        }
        for (name, internal) in self.internals.clone() {
            self.programs.ready(name, internal, "/readyz").await?;
        }
        self.programs.ready("api", self.api, "/readyz").await
    }

    /// Counts the time of all of it.
    pub async fn watch(&self, servers: &Servers) -> anyhow::Result<Watch> {
        let client = self.database.connect().await?;
        let mut watch = Watch::servers(&client, servers.rabbitmq.port().unwrap_or(5672), false).await?;
        self.programs.watch(&mut watch);
        Ok(watch)
    }

    /// Ends the processes politely; then their database and queues go away.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.programs.stop().await
    }
}
