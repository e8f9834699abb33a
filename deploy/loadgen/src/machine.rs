//! What the figures were measured on: cores, servers and how they commit.

use anyhow::Context;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::servers::Servers;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The machine and its servers.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Processor cores.
    pub cores: usize,
    /// When the run began.
    pub at: chrono::DateTime<chrono::Utc>,
    /// PostgreSQL's version.
    pub postgres: String,
    /// Whether PostgreSQL waits for the disk; must be on.
    pub fsync: String,
    /// Whether a commit waits for its record; must be on.
    pub synchronous_commit: String,
    /// Whether PostgreSQL vacuums by itself.
    pub autovacuum: String,
    /// PostgreSQL's buffer cache.
    pub shared_buffers: String,
    /// RabbitMQ's version.
    pub rabbitmq: String,
}

impl Machine {
    /// Asks the system and both servers.
    pub async fn inspect(servers: &Servers) -> anyhow::Result<Self> {
        let connected = tokio_postgres::connect(servers.postgres.as_str(), tokio_postgres::NoTls).await;
        let (client, connection) = connected.context("PostgreSQL cannot be reached: see DATABASE_URL")?;
        tokio::spawn(connection);
        let show = async |name: &str| -> anyhow::Result<String> {
            Ok(client.query_one("SELECT current_setting($1)", &[&name]).await?.try_get(0)?)
        };
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            at: chrono::Utc::now(),
            postgres: show("server_version").await?,
            fsync: show("fsync").await?,
            synchronous_commit: show("synchronous_commit").await?,
            autovacuum: show("autovacuum").await?,
            shared_buffers: show("shared_buffers").await?,
            rabbitmq: broker_version(servers).await?,
        })
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!(
            "{} cores; PostgreSQL {}, fsync {}, synchronous_commit {}, autovacuum {}, shared_buffers {}; RabbitMQ {}",
            self.cores,
            self.postgres,
            self.fsync,
            self.synchronous_commit,
            self.autovacuum,
            self.shared_buffers,
            self.rabbitmq
        )
    }
}

/// The broker tells its version in its first frame (AMQP 0-9-1, connection.start), before anyone has logged in.
async fn broker_version(servers: &Servers) -> anyhow::Result<String> {
    let (host, port) =
        (servers.rabbitmq.host_str().unwrap_or("127.0.0.1"), servers.rabbitmq.port().unwrap_or(5672));
    let greeting = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
        let mut frame = vec![0; 4096];
        let length = stream.read(&mut frame).await?;
        frame.truncate(length);
        anyhow::Ok(frame)
    };
    let frame = tokio::time::timeout(PATIENCE, greeting)
        .await
        .context("RabbitMQ does not answer: see AMQP_URL")??;
    // A short string as name, then 'S' and a long string.
    let name = b"\x07versionS";
    let start = frame.windows(name.len()).position(|window| window == name).map(|at| at + name.len());
    let version = start.and_then(|at| {
        let length = u32::from_be_bytes(frame.get(at..at + 4)?.try_into().ok()?) as usize;
        std::str::from_utf8(frame.get(at + 4..at + 4 + length)?).ok()
    });
    Ok(version.unwrap_or("unknown").to_owned())
}
