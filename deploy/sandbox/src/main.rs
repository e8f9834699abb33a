//! The sandbox as a program.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use sandbox::{Behaviour, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays the messaging providers: the Graph API of WhatsApp and a provider of texts and one of RCS, with signed
/// webhooks back; and catches email.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Address to listen on.
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Address to catch email on, by SMTP.
    #[arg(long, env = "SANDBOX_MAIL_LISTEN")]
    mail_listen: Option<SocketAddr>,
    /// Callback of the default account.
    #[arg(long, env = "SANDBOX_WEBHOOK_URL", value_parser = address)]
    webhook_url: Option<String>,
    /// Where the default account for texts is told what contacts write; its fragment may ask for repeats (#rc=5&rp=all).
    #[arg(long, env = "SANDBOX_TEXT_WEBHOOK_URL", value_parser = address)]
    text_webhook_url: Option<String>,
    /// Where the default RCS agent is told what happens.
    #[arg(long, env = "SANDBOX_RCS_WEBHOOK_URL", value_parser = address)]
    rcs_webhook_url: Option<String>,
    /// First behaviour, as JSON in the form of PATCH /control/settings.
    #[arg(long, env = "SANDBOX_SETTINGS", value_parser = behaviour)]
    settings: Option<Behaviour>,
    /// Ledger entries kept.
    #[arg(long, env = "SANDBOX_LEDGER_CAPACITY", default_value_t = 2_000_000)]
    ledger_capacity: usize,
    /// Webhook updates kept while they cannot be delivered.
    #[arg(long, env = "SANDBOX_WEBHOOK_CAPACITY", default_value_t = 1_000_000)]
    webhook_capacity: usize,
    /// Bytes of media kept.
    #[arg(long, env = "SANDBOX_MEDIA_CAPACITY", default_value_t = 256 << 20)]
    media_capacity: usize,
    /// Seconds that open requests may last after SIGTERM or SIGINT.
    #[arg(long, env = "SANDBOX_SHUTDOWN_SECONDS", default_value_t = 5)]
    shutdown_seconds: u64,
    /// Threads that serve; one costs the least, and is enough for tens of thousands of messages a second.
    #[arg(long, env = "SANDBOX_THREADS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Log filter.
    #[arg(long, env = "SANDBOX_LOG", default_value = "info")]
    log: EnvFilter,
}

fn address(text: &str) -> Result<String, String> {
    reqwest::Url::parse(text).map(Into::into).map_err(|error| error.to_string())
}

fn behaviour(text: &str) -> Result<Behaviour, String> {
    let patch = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Behaviour::default().patched(&patch)
}

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let mut runtime = match flags.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(threads.into());
            runtime
        }
    };
    runtime.enable_all().build()?.block_on(run(flags))
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let coloured = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(flags.log)
        .with_ansi(coloured)
        .with_writer(std::io::stderr)
        .init();
    let listener = tokio::net::TcpListener::bind(flags.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", flags.listen))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let settings = Settings {
        webhook_url: flags.webhook_url,
        text_webhook_url: flags.text_webhook_url,
        rcs_webhook_url: flags.rcs_webhook_url,
        mail_listen: flags.mail_listen,
        behaviour: flags.settings.unwrap_or_default(),
        ledger_capacity: flags.ledger_capacity,
        webhook_capacity: flags.webhook_capacity,
        media_capacity: flags.media_capacity,
        shutdown_timeout: Duration::from_secs(flags.shutdown_seconds),
    };
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stop.cancel();
    });
    sandbox::serve(listener, settings, shutdown).await
}
