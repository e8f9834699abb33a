//! The `outbound` process; see `workers::outbound`.

use clap::Parser;
use common::channels::Channel;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Delivers messages on one channel.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The channel to deliver on.
    #[arg(long, default_value = "whatsapp")]
    channel: Channel,
    /// Most calls to the provider at once.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    concurrency: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { channel, concurrency } = Arguments::parse();
    let start =
        |context: &workers::process::Context| workers::outbound::start(context, channel, concurrency.into());
    workers::process::run("outbound", "127.0.0.1:9103", start).await
}
