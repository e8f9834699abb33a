//! `switchboard-api`: configuration, listeners, serve until told to stop, drain.

use anyhow::Context;
use common::config::Config;
use common::shutdown::Shutdown;
use common::telemetry;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("switchboard-api");
    let config = Config::from_env("127.0.0.1:9100")?;
    let shutdown = Shutdown::default();
    shutdown.on_signals().context("signals cannot be listened to")?;
    let bind = async |name: &str, address| {
        TcpListener::bind(address).await.with_context(|| format!("{name}: cannot listen on {address}"))
    };
    let public = bind("SWITCHBOARD_LISTEN", config.http.listen).await?;
    let internal = bind("SWITCHBOARD_INTERNAL_LISTEN", config.http.internal_listen).await?;
    api::run(config, api::Listeners { public, internal }, shutdown).await
}
