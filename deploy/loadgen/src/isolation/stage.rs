//! A private copy of the product with all five channels, and the provider they all call.

use std::net::SocketAddr;

use common::channels::Channel;
use tokio_postgres::Client;

use super::streams::{self, Stream};
use crate::database::PrivateDatabase;
use crate::processes::Watch;
use crate::product::environment;
use crate::programs::{Programs, free_address};
use crate::queues::PrivateQueues;
use crate::report::progress;
use crate::servers::Servers;

/// Milliseconds from the provider's acceptance to the first status, and from there to the next.
pub const STATUS_MS: u64 = 10;

/// Where everything is.
pub struct Place {
    /// The api.
    pub api: SocketAddr,
    /// The sandbox.
    pub sandbox: SocketAddr,
    /// A session of the database.
    pub client: Client,
}

/// Running processes and what they run on, ended and removed in this order.
pub struct Stage {
    /// The processes.
    pub programs: Programs,
    database: PrivateDatabase,
    _queues: PrivateQueues,
    /// The inboxes under load.
    pub streams: Vec<Stream>,
    /// Where the api listens.
    pub api: SocketAddr,
    /// Where the sandbox listens.
    pub sandbox: SocketAddr,
    /// A session of the database.
    pub client: Client,
}

impl Stage {
    /// Starts everything, connects the inboxes, and has so many contacts of each write.
    pub async fn start(servers: &Servers, failing: Channel, contacts: usize) -> anyhow::Result<Self> {
        let database = PrivateDatabase::create_migrated(servers).await?;
        let queues = PrivateQueues::new(servers);
        let place =
            Place { api: free_address()?, sandbox: free_address()?, client: database.connect().await? };
        let mut programs = Programs::new(environment(servers, &database, &queues, place.api))?;
        progress("starting the product");
        start_programs(&mut programs, &place).await?;
        progress(&format!("{contacts} contacts write on each inbox"));
        let streams = streams::prepare(&place, failing, contacts).await?;
        place.client.batch_execute("VACUUM ANALYZE").await?;
        let Place { api, sandbox, client } = place;
        Ok(Self { programs, database, _queues: queues, streams, api, sandbox, client })
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

async fn start_programs(programs: &mut Programs, place: &Place) -> anyhow::Result<()> {
    let settings = serde_json::json!({ "pacing": true, "recipientFaults": false, "statusMs": STATUS_MS });
    let (listen, settings) = (place.sandbox.to_string(), settings.to_string());
    let arguments = ["--listen", &listen, "--settings", &settings, "--log", "warn"];
    programs.start("sandbox", "sandbox", &arguments, &[])?;
    programs.ready("sandbox", place.sandbox, "/healthz").await?;
    let all: [(&str, &str, &[&str]); 8] = [
        ("api", "switchboard-api", &[]),
        ("relay", "relay", &[]),
        ("inbound", "inbound", &[]),
        ("outbound whatsapp", "outbound", &["--channel", "whatsapp"]),
        ("outbound messenger", "outbound", &["--channel", "messenger"]),
        ("outbound instagram", "outbound", &["--channel", "instagram"]),
        ("outbound text", "outbound", &["--channel", "text"]),
        ("outbound rcs", "outbound", &["--channel", "rcs"]),
    ];
    let mut internals = Vec::new();
    for (name, program, arguments) in all {
        let internal = free_address()?;
        let listen = [("SWITCHBOARD_INTERNAL_LISTEN", internal.to_string())];
        programs.start(name, program, arguments, &listen)?;
        internals.push((name, internal));
    }
    for (name, internal) in internals {
        programs.ready(name, internal, "/readyz").await?;
    }
    programs.ready("api", place.api, "/readyz").await
}
