//! `limits`: what this machine's servers can do without Switchboard, measured now.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;

use crate::broker_limits;
use crate::client::json_request;
use crate::database::PrivateDatabase;
use crate::drive::{Load, Pace, Plan, drive};
use crate::machine::Machine;
use crate::processes::Watch;
use crate::programs::{Programs, free_address};
use crate::report::{Figure, Report, Section, percentiles, progress};
use crate::seed::Shape;
use crate::servers::Servers;
use crate::sql_limits::{
    SAME_ROWS, SAME_ROWS_GROUPS, SAME_ROWS_SEPARATELY, SIX_WRITES, TWO_ROWS, TWO_ROWS_BATCHES,
    TWO_ROWS_SEPARATELY, measure,
};

/// How long and how much.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Seconds of each measurement, after a warm-up of two.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// Conversations that the SQL scripts spread over.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    conversations: u32,
}

/// Measures everything in turn.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let servers = Servers::from_env()?;
    let machine = Machine::inspect(&servers).await?;
    let shape = Shape {
        organizations: 5,
        senders: 50,
        conversations: usize::try_from(options.conversations)?,
        vacuum_empty: true,
    };
    let scripts = [
        TWO_ROWS,
        TWO_ROWS_SEPARATELY,
        TWO_ROWS_BATCHES,
        SIX_WRITES,
        SAME_ROWS,
        SAME_ROWS_SEPARATELY,
        SAME_ROWS_GROUPS,
    ];
    let database = PrivateDatabase::create(&servers).await?;
    let port = servers.rabbitmq.port().unwrap_or(5672);
    let watch = Watch::servers(&database.connect().await?, port, true).await?;
    let (mut sections, mut used) = (Vec::new(), watch.snapshot());
    let mut section = |title: &str, figures| {
        let cpu = watch.since(&used);
        used = watch.snapshot();
        sections.push(Section { title: title.into(), figures, cpu, notes: Vec::new() });
    };
    let sql = measure(&servers, &scripts, options.seconds, shape).await?;
    section("PostgreSQL (pgbench, prepared, analysed tables)", sql);
    progress("quorum queue");
    section("RabbitMQ", broker_limits::measure(&servers, options.seconds).await?);
    progress("bare HTTP endpoint");
    section("HTTP (axum)", vec![endpoint(options.seconds).await?]);
    Ok(Report { machine: Some(machine), sections, ..Default::default() })
}

/// A JSON POST of 300 bytes.
struct Post;

impl Load for Post {
    fn request(&self, _number: u64) -> anyhow::Result<Request<Full<Bytes>>> {
        json_request(Method::POST, "/", format!("{{\"text\":\"{:x<289}\"}}", "").into_bytes())
    }

    fn accepted(&self, _number: u64, _body: &Bytes) {}
}

async fn endpoint(seconds: u64) -> anyhow::Result<Figure> {
    let address = free_address()?;
    let mut programs = Programs::new(Vec::new())?;
    programs.start("bare endpoint", "", &["bare-endpoint", "--listen", &address.to_string()], &[])?;
    programs.ready("bare endpoint", address, "/healthz").await?;
    // Half of the connections on each of two threads, as a generator of two threads would have it.
    let half = move || {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let plan = |seconds| Plan {
                address,
                connections: 32,
                pace: Pace::Closed,
                duration: Duration::from_secs(seconds),
            };
            runtime.block_on(async {
                drive(plan(2), &Post, &Cell::new(0)).await?;
                drive(plan(seconds), &Post, &Cell::new(0)).await
            })
        })
    };
    let halves = [half(), half()];
    let (mut rate, mut latency) = (0.0, crate::report::histogram());
    for half in halves {
        let ended = tokio::task::spawn_blocking(move || half.join()).await?;
        let driven = ended.map_err(|_| anyhow::anyhow!("the generator's thread panicked"))??;
        rate += driven.rate();
        latency.add(&driven.latency)?;
    }
    programs.stop().await?;
    let what = "bare endpoint, 202 to a 300 B JSON POST, 64 connections";
    Ok(Figure::new(what, rate, "/s").latency(percentiles(&latency)).reference(43_700.0))
}
