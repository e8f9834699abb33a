//! `loadgen`: measures Switchboard against the limits of the machine it runs on.

mod accept;
mod backlog;
mod bare_endpoint;
mod broker_limits;
mod client;
mod database;
mod drive;
mod isolation;
mod limits;
mod machine;
mod pipeline;
mod processes;
mod product;
mod programs;
mod queues;
mod replies;
mod report;
mod sandbox;
mod scrape;
mod seed;
mod servers;
mod sql_limits;
mod verify;
mod visible;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use report::Report;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Switchboard against its machine's own limits. Loopback servers only; what it creates, it removes.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// End with status 2 when a figure is below its floor.
    #[arg(long, global = true)]
    require_floors: bool,
}

#[derive(Subcommand)]
enum Command {
    /// What PostgreSQL, RabbitMQ and HTTP can do here without Switchboard.
    Limits(limits::Options),
    /// Replies accepted per second (S1).
    Accept(accept::Options),
    /// The whole pipeline, from 202 to the delivered status and its event (S2, S3).
    Pipeline(pipeline::Options),
    /// What one provider that hangs or fails does to the other channels, and to another inbox on its own (R6).
    Isolation(isolation::Options),
    /// Answers 202 to everything; what `limits` measures HTTP against.
    #[command(hide = true)]
    BareEndpoint(bare_endpoint::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One thread: the generator shares the machine with what it measures. HTTP alone has the machine to itself.
    let runtime = match arguments.command {
        Command::BareEndpoint(_) | Command::Limits(_) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()
        }
        Command::Accept(_) | Command::Pipeline(_) | Command::Isolation(_) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()
        }
    };
    let ended =
        runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(&arguments.command)));
    match ended.and_then(|report| report.print(arguments.json).map(|()| report)) {
        Ok(report) if !report.sound() => ExitCode::FAILURE,
        Ok(report) if arguments.require_floors && report.below_floor() => ExitCode::from(2),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            report::progress(&format!("failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command; a signal ends it early, and what it created is removed all the same.
async fn run(command: &Command) -> anyhow::Result<Report> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let command = async {
        match command {
            Command::Limits(options) => limits::run(options).await,
            Command::Accept(options) => accept::run(options).await,
            Command::Pipeline(options) => pipeline::run(options).await,
            Command::Isolation(options) => isolation::run(options).await,
            Command::BareEndpoint(options) => bare_endpoint::run(options).await,
        }
    };
    tokio::select! {
        ended = command => ended,
        _ = terminate.recv() => anyhow::bail!("stopped by SIGTERM"),
        _ = interrupt.recv() => anyhow::bail!("stopped by Ctrl-C"),
    }
}
