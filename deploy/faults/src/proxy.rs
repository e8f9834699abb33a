//! Stands between the processes and PostgreSQL, and loses the answers to commits: what was asked for has happened, and whoever
//! asked is never told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context as _;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The statement, and the tag of its answer, as they travel.
const COMMIT: &[u8] = b"COMMIT\0";

/// A way to PostgreSQL that can be made to lose commits' answers.
pub struct Proxy {
    url: String,
    losses: Arc<Losses>,
    _stop: DropGuard,
}

#[derive(Default)]
struct Losses {
    every: AtomicUsize,
    seen: AtomicUsize,
    lost: AtomicUsize,
}

impl Proxy {
    /// Starts a way to the server that `DATABASE_URL` names.
    ///
    /// # Errors
    /// When its address cannot be read.
    pub async fn to_postgres() -> anyhow::Result<Self> {
        let url = std::env::var("DATABASE_URL");
        let mut url =
            Url::parse(&url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into()))?;
        let host = url.host_str().context("DATABASE_URL names a host")?;
        let server = tokio::net::lookup_host((host, url.port().unwrap_or(5432))).await?.next();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let moved = url.set_host(Some("127.0.0.1")).is_ok() && url.set_port(Some(address.port())).is_ok();
        anyhow::ensure!(moved, "DATABASE_URL is an address with a host and a port");
        let (losses, stop) = (Arc::new(Losses::default()), CancellationToken::new());
        let server = server.context("DATABASE_URL's host is known")?;
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(listener, server, losses.clone())));
        Ok(Self { url: url.into(), losses, _stop: stop.drop_guard() })
    }

    /// The address by which the server is reached this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on the answer to each so many-th commit is lost; 0 ends it.
    pub fn lose_every(&self, every: usize) {
        self.losses.every.store(every, Ordering::Relaxed);
    }

    /// How many answers were lost.
    pub fn lost(&self) -> usize {
        self.losses.lost.load(Ordering::Relaxed)
    }
}

impl Losses {
    /// Whether the answer to one more commit is to be lost.
    fn takes(&self) -> bool {
        let every = self.every.load(Ordering::Relaxed);
        every > 0 && self.seen.fetch_add(1, Ordering::Relaxed) % every == every - 1
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, losses: Arc<Losses>) {
    while let Ok((client, _)) = listener.accept().await {
        let losses = losses.clone();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(server).await else { return };
            let _too_slow = (client.set_nodelay(true), server.set_nodelay(true));
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            let losing = AtomicBool::new(false);
            // Whichever side ends first ends both.
            tokio::select! {
                () = ask(from_client, to_server, &losing, &losses) => (),
                () = answer(from_server, to_client, &losing, &losses) => (),
            }
        });
    }
}

fn speaks_of_commit(bytes: &[u8]) -> bool {
    bytes.windows(COMMIT.len()).any(|window| window == COMMIT)
}

async fn ask(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, losing: &AtomicBool, losses: &Losses) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(read @ 1..) = client.read(&mut bytes).await {
        if speaks_of_commit(&bytes[..read]) && losses.takes() {
            losing.store(true, Ordering::SeqCst);
        }
        if server.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, losing: &AtomicBool, losses: &Losses) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(read @ 1..) = server.read(&mut bytes).await {
        if losing.load(Ordering::SeqCst) && speaks_of_commit(&bytes[..read]) {
            losses.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if client.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
