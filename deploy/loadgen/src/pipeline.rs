//! `pipeline` (S2, S3): accept → provider → delivered status → event, sustained, and how long each part takes.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{bail, ensure};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use crate::backlog::{Backlog, Monitor, growth, session};
use crate::drive::{Driven, Pace, Plan, drive};
use crate::machine::Machine;
use crate::processes::Watch;
use crate::product::{Product, Provider};
use crate::replies::Replies;
use crate::report::{Figure, Report, Section, percentiles, progress};
use crate::scrape;
use crate::seed::Shape;
use crate::servers::Servers;
use crate::sql_limits::{TWO_ROWS, measure, pgbench};
use crate::verify::{Verified, verify};
use crate::visible::{Visible, follow};

/// How long and how much.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Seconds that the rate is sustained (S2).
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,
    /// Seconds at the low rate (S3).
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(5..=3600))]
    latency_seconds: u64,
    /// Replies a second for the latencies.
    #[arg(long, default_value_t = 200.0, value_parser = rate)]
    latency_rate: f64,
    /// Replies a second to sustain; searched if not given.
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Keep-alive connections; enough that the load never waits for one.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Senders, over five organizations; the provider takes 80 a second of each.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(5..=1000))]
    senders: u16,
    /// Conversations, over the senders.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    conversations: u32,
    /// Milliseconds from the provider's acceptance to `sent`, and from there to `delivered`.
    #[arg(long, default_value_t = 10)]
    status_ms: u64,
    /// Most statuses that the provider puts into one webhook.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
    status_batch: u64,
    /// Send no Idempotency-Key.
    #[arg(long)]
    without_idempotency_keys: bool,
    /// Vacuum the product's empty tables too, as autovacuum may: the worst case for plans that sessions keep.
    #[arg(long)]
    vacuum_empty_tables: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| (1.0..=1_000_000.0).contains(rate));
    rate.ok_or_else(|| "a number from 1 to 1000000".to_owned())
}

/// What the phases share.
struct Run<'a> {
    options: &'a Options,
    product: &'a Product,
    replies: Replies<'a>,
    next: Cell<u64>,
    watch: Watch,
    session: Client,
}

/// Most that may be under way while the rate is searched.
const UNDER_WAY: i64 = 1_500;
const SEARCH: Duration = Duration::from_secs(20);
/// How long the pipeline may take to finish what is under way.
const SETTLE: Duration = Duration::from_secs(240);

/// Measures the limit, the latencies, the sustained rate, checks everything, and measures the limit again.
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
    let provider = Provider { status_ms: options.status_ms, status_batch: options.status_batch };
    let product = Product::start(&servers, shape, Some(provider)).await?;
    let run = Run {
        options,
        product: &product,
        replies: Replies::new(&product.seed, !options.without_idempotency_keys)?,
        next: Cell::new(0),
        watch: product.watch(&servers).await?,
        session: session(&product).await?,
    };
    let measured = run.phases().await;
    let complaints = product.programs.complaints();
    let (mut latencies, mut sustained, mut verified) = measured.inspect_err(|_| {
        complaints.iter().for_each(|complaint| progress(complaint));
    })?;
    drop(run);
    let memory = product.programs.memory();
    product.stop().await?;
    if let (Some(before), Some(after)) = (before, limit(&servers, shape).await?) {
        let mean = (before + after) / 2.0;
        let ratio = sustained.figures[0].value / mean;
        sustained.figures.push(Figure::new(TWO_ROWS.what, mean, "/s").reference(7_160.0));
        let what = "S2: pipeline against one-statement inserts";
        sustained.figures.push(Figure::new(what, ratio, "x").at_least(0.15, 0.35));
        sustained.notes.push(format!("the limit was {before:.0}/s before and {after:.0}/s after"));
    }
    latencies.notes.append(&mut verified.notes);
    latencies.notes.extend(complaints);
    let faults = verified.faults;
    Ok(Report { machine: Some(machine), sections: vec![sustained, latencies], memory, faults })
}

async fn limit(servers: &Servers, shape: Shape) -> anyhow::Result<Option<f64>> {
    if pgbench().is_none() {
        progress("pgbench is not installed (Debian: postgresql), so there is no limit to compare with");
        return Ok(None);
    }
    Ok(measure(servers, &[TWO_ROWS], 8, shape).await?.first().map(|figure| figure.value))
}

impl Run<'_> {
    async fn phases(&self) -> anyhow::Result<(Section, Section, Verified)> {
        progress("warming up");
        let warm_up = self.drive(Pace::Open(self.options.latency_rate), Duration::from_secs(5)).await?;
        ensure!(warm_up.accepted > 0, "nothing was accepted: {}", warm_up.complaints().unwrap_or_default());
        self.settle().await?;
        let (driven, visible, numbers, cpu) = self.latencies().await?;
        self.settle().await?;
        let sustained = match self.options.rate {
            Some(rate) => self.sustain(rate).await?.0,
            None => self.search().await?,
        };
        progress("checking every reply, the ledger and the event log");
        let verified = verify(self.product, &self.replies).await?;
        let sent = verified.to_provider(&self.replies, numbers);
        let ((_, sent_p99), (_, seen_p99)) = (percentiles(&sent), percentiles(&visible.latency));
        let seen = Figure::new("202 → `delivered` visible", visible.latency.len() as f64, " seen");
        let figures = vec![
            Figure::new("accepted", driven.rate(), "/s").latency(percentiles(&driven.latency)),
            Figure::new("202 → provider call", sent.len() as f64, " calls").latency(percentiles(&sent)),
            seen.latency(percentiles(&visible.latency)),
            Figure::new("S3: provider call, p50", percentiles(&sent).0, " ms").at_most(15.0, 8.0),
            Figure::new("S3: provider call, p99", sent_p99, " ms").at_most(80.0, 40.0),
            Figure::new("S3: `delivered` visible, p99", seen_p99, " ms").at_most(250.0, 100.0),
        ];
        let mut notes = vec![format!(
            "visible: GET /v1/messages/{{id}} of one reply in twenty, asked every 5 ms; the provider's own {} ms are included",
            2 * self.options.status_ms
        )];
        if visible.missing > 0 {
            notes.push(format!("{} followed replies were not delivered within 15 s", visible.missing));
        }
        notes.extend(driven.complaints());
        let title = format!("S3: latencies at {:.0}/s", self.options.latency_rate);
        Ok((Section { title, figures, cpu, notes }, sustained, verified))
    }

    async fn drive(&self, pace: Pace, duration: Duration) -> anyhow::Result<Driven> {
        let plan =
            Plan { address: self.product.api, connections: self.options.connections.into(), pace, duration };
        drive(plan, &self.replies, &self.next).await
    }

    fn monitor(&self) -> Monitor<'_> {
        Monitor::new(self.product, &self.session, &self.replies)
    }

    /// Waits until nothing is under way; how long it took.
    async fn settle(&self) -> anyhow::Result<f64> {
        let monitor = self.monitor();
        match monitor.settled(SETTLE).await? {
            Ok(seconds) => Ok(seconds),
            Err(left) => bail!("still under way after {SETTLE:?}: {left:?}"),
        }
    }

    async fn latencies(
        &self,
    ) -> anyhow::Result<(Driven, Visible, std::ops::Range<u64>, Vec<crate::processes::CpuShare>)> {
        progress(&format!(
            "latencies at {}/s, {} s",
            self.options.latency_rate, self.options.latency_seconds
        ));
        let (first, used) = (self.next.get(), self.watch.snapshot());
        let (teller, told) = mpsc::unbounded_channel();
        self.replies.follow(Some(teller));
        let duration = Duration::from_secs(self.options.latency_seconds);
        let driving = async {
            let driven = self.drive(Pace::Open(self.options.latency_rate), duration).await;
            self.replies.follow(None);
            driven
        };
        let (driven, visible) = tokio::join!(driving, follow(self.product.api, told));
        Ok((driven?, visible?, first..self.next.get(), self.watch.since(&used)))
    }

    /// Finds what the pipeline does with a bounded backlog, then sustains a little less, and less again if that grows.
    async fn search(&self) -> anyhow::Result<Section> {
        progress(&format!("searching the rate with at most {UNDER_WAY} under way, {SEARCH:?}"));
        let monitor = self.monitor();
        let before = self.replies.count.get();
        let driven = tokio::select! {
            driven = self.drive(Pace::Closed, SEARCH) => driven?,
            failed = monitor.watch(Duration::from_millis(50), Some(UNDER_WAY)) => return Err(failed),
        };
        self.replies.paused.set(false);
        let left = monitor.look().await?.unsent.max(0) as f64;
        let found = ((self.replies.count.get() - before) as f64 - left) / driven.seconds;
        progress(&format!("found {found:.0}/s"));
        self.settle().await?;
        let mut last = None;
        for share in [0.95, 0.87, 0.79, 0.71] {
            let (section, sound) = self.sustain(found * share).await?;
            if sound {
                return Ok(section);
            }
            last = Some(section);
        }
        last.ok_or_else(|| anyhow::anyhow!("no rate was tried"))
    }

    /// Sends at a steady rate; whether the backlog stayed as it was.
    async fn sustain(&self, rate: f64) -> anyhow::Result<(Section, bool)> {
        progress(&format!("sustaining {rate:.0}/s, {} s", self.options.seconds));
        let monitor = self.monitor();
        let (groups, used) = (scrape::groups(&self.product.internals).await?, self.watch.snapshot());
        let driven = tokio::select! {
            driven = self.drive(Pace::Open(rate), Duration::from_secs(self.options.seconds)) => driven?,
            failed = monitor.watch(Duration::from_secs(1), None) => return Err(failed),
        };
        let (cpu, groups) =
            (self.watch.since(&used), scrape::groups(&self.product.internals).await?.since(&groups));
        let samples = monitor.samples();
        let settled = self.settle().await?;
        let (grows, most) = (growth(&samples), samples.iter().map(Backlog::total).max().unwrap_or_default());
        // Latency of accepting tells whether the api itself fell behind the schedule.
        let (_, p99) = percentiles(&driven.latency);
        let sound =
            grows < (rate / 100.0).max(5.0) && (most as f64) < 5.0 * rate && settled < 10.0 && p99 < 1_000.0;
        let mut notes = groups;
        notes.push(format!(
            "{} senders (80/s each, enforced), {} conversations; provider: statuses after {} ms, up to {} in a webhook",
            self.options.senders, self.options.conversations, self.options.status_ms, self.options.status_batch
        ));
        notes.push(format!(
            "backlog: at most {most}, growing by {grows:.1}/s, gone {settled:.1} s after the end"
        ));
        let largest = samples.iter().max_by_key(|sample| sample.total());
        notes.extend(largest.map(|largest| format!("at its most: {largest:?}")));
        if !sound {
            notes.push("NOT SUSTAINED: the backlog grew, or accepting fell behind".into());
            progress(&format!(
                "not sustained: backlog at most {most}, growing by {grows:.1}/s, accept p99 {p99:.0} ms"
            ));
        }
        notes.extend(driven.complaints());
        let figures = vec![
            Figure::new("accepted, delivered, told", driven.rate(), "/s")
                .latency(percentiles(&driven.latency)),
        ];
        let title = format!("S2: full pipeline, {} s", self.options.seconds);
        Ok((Section { title, figures, cpu, notes }, sound))
    }
}
