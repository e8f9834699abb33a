//! `accept` (S1): replies accepted per second, against the same rows in one transaction each.

use std::cell::Cell;
use std::time::Duration;

use anyhow::ensure;

use crate::drive::{Driven, Pace, Plan, drive};
use crate::machine::Machine;
use crate::product::Product;
use crate::replies::Replies;
use crate::report::{Figure, Report, Section, percentiles, progress};
use crate::scrape;
use crate::seed::Shape;
use crate::servers::Servers;
use crate::sql_limits::{SAME_ROWS, measure, pgbench};

/// How long and how much.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Seconds of each of the two measurements.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Seconds before them.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    warm_up: u64,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Senders, over five organizations.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(5..=1000))]
    senders: u16,
    /// Conversations, over the senders.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    conversations: u32,
    /// Send no Idempotency-Key. The limit writes one all the same.
    #[arg(long)]
    without_idempotency_keys: bool,
    /// Vacuum the product's empty tables too, as autovacuum may: the worst case for plans that sessions keep.
    #[arg(long)]
    vacuum_empty_tables: bool,
}

/// Measures the limit, the product at full and at half speed, and the limit again.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let servers = Servers::from_env()?;
    let machine = Machine::inspect(&servers).await?;
    let shape = Shape {
        organizations: 5,
        senders: options.senders.into(),
        conversations: usize::try_from(options.conversations)?,
        vacuum_empty: options.vacuum_empty_tables,
    };
    let before = limit(&servers, shape).await?;
    let product = Product::start(&servers, shape, None).await?;
    let (mut section, accepted) = load(&product, &servers, options).await?;
    let memory = product.programs.memory();
    section.notes.extend(product.programs.complaints());
    let faults = check(&product, accepted).await?;
    product.stop().await?;
    let after = limit(&servers, shape).await?;
    if let (Some(before), Some(after)) = (before, after) {
        let mean = (before + after) / 2.0;
        let ratio = section.figures[0].value / mean;
        section.figures.push(Figure::new(SAME_ROWS.what, mean, "/s"));
        section
            .figures
            .push(Figure::new("S1: accepted against the same rows", ratio, "x").at_least(0.6, 1.5));
        section.notes.push(format!("the limit was {before:.0}/s before and {after:.0}/s after"));
    }
    Ok(Report { machine: Some(machine), sections: vec![section], memory, faults })
}

async fn limit(servers: &Servers, shape: Shape) -> anyhow::Result<Option<f64>> {
    if pgbench().is_none() {
        progress("pgbench is not installed (Debian: postgresql), so there is no limit to compare with");
        return Ok(None);
    }
    Ok(measure(servers, &[SAME_ROWS], 8, shape).await?.first().map(|figure| figure.value))
}

async fn load(product: &Product, servers: &Servers, options: &Options) -> anyhow::Result<(Section, u64)> {
    let replies = Replies::new(&product.seed, !options.without_idempotency_keys)?;
    let (next, connections) = (Cell::new(0), usize::from(options.connections));
    let plan = |pace, seconds| Plan {
        address: product.api,
        connections,
        pace,
        duration: Duration::from_secs(seconds),
    };
    progress("warming up");
    let warm_up = drive(plan(Pace::Closed, options.warm_up), &replies, &next).await?;
    ensure!(warm_up.accepted > 0, "nothing was accepted: {}", warm_up.complaints().unwrap_or_default());
    progress(&format!("{connections} connections as fast as they are answered, {} s", options.seconds));
    let watch = product.watch(servers).await?;
    let (groups, used) = (scrape::groups(&product.internals).await?, watch.snapshot());
    let full = drive(plan(Pace::Closed, options.seconds), &replies, &next).await?;
    let (cpu, groups) = (watch.since(&used), scrape::groups(&product.internals).await?.since(&groups));
    let rate = full.rate() / 2.0;
    progress(&format!("half of it: {rate:.0}/s, {} s", options.seconds));
    let half = drive(plan(Pace::Open(rate), options.seconds), &replies, &next).await?;
    let half_latency = percentiles(&half.latency);
    let mut notes = groups;
    notes.push(format!(
        "{} senders, {} conversations, {} Idempotency-Key; no workers, so that nothing but accepting and its own relay is at work",
        options.senders,
        options.conversations,
        if options.without_idempotency_keys { "without" } else { "with" },
    ));
    notes.push("latency at half the rate counts from when each request was due".into());
    notes.extend([&warm_up, &full, &half].into_iter().filter_map(Driven::complaints));
    let figures = vec![
        Figure::new(format!("accepted, {connections} connections"), full.rate(), "/s")
            .latency(percentiles(&full.latency)),
        Figure::new("the same at half the rate", half.rate(), "/s").latency(half_latency),
        Figure::new("S1: p99 at half the rate", half_latency.1, " ms").at_most(None, 25.0),
    ];
    Ok((Section { title: "S1: replies accepted".into(), figures, cpu, notes }, replies.count.get()))
}

/// Every 202 must be in the database.
async fn check(product: &Product, accepted: u64) -> anyhow::Result<Vec<String>> {
    let client = product.database.connect().await?;
    let stored: i64 = client.query_one("SELECT count(*) FROM messages", &[]).await?.try_get(0)?;
    let lost = stored.unsigned_abs() < accepted;
    Ok(lost
        .then(|| format!("{accepted} replies got 202 and {stored} messages are stored"))
        .into_iter()
        .collect())
}
