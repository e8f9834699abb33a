//! `isolation` (R6): how much longer the other channels, and another inbox of the same one, take while one provider hangs or fails.

mod load;
mod stage;
mod streams;

use std::cell::Cell;
use std::ops::Range;
use std::time::Duration;

use anyhow::ensure;
use clap::ValueEnum;
use common::channels::Channel;
use http::Method;
use serde_json::{Value, json};

use crate::client::ask;
use crate::drive::{Driven, Pace, Plan, drive};
use crate::machine::Machine;
use crate::processes::{CpuShare, Watch};
use crate::report::{Figure, Report, Section, percentiles, progress};
use crate::servers::Servers;
use load::{Load, Outcome};
use stage::Stage;

/// How long and how much.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Seconds without the fault, and as many with it.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=600))]
    seconds: u64,
    /// The channel whose provider fails.
    #[arg(long, default_value = "whatsapp")]
    channel: Channel,
    /// How it fails.
    #[arg(long, value_enum, default_value_t = Trouble::Hang)]
    fault: Trouble,
    /// Replies a second of each inbox.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=70))]
    rate: u16,
    /// Contacts of each inbox, who get their replies in turn. More than the provider may be called for at once, so that one that hangs
    /// could take all the room.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u16).range(20..=2000))]
    contacts: u16,
    /// Keep-alive connections; enough that the load never waits for one.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
}

/// How a provider fails.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Trouble {
    /// It takes calls and never answers.
    Hang,
    /// It answers 500.
    #[value(name = "500")]
    ServerError,
}

/// Longest that replies of inboxes without a fault may take to arrive after the last one was accepted.
const PATIENCE: Duration = Duration::from_secs(30);
const WARM_UP: Duration = Duration::from_secs(5);

/// One phase: which replies it sent, and what came of accepting them.
struct Phase {
    numbers: Range<u64>,
    driven: Driven,
    cpu: Vec<CpuShare>,
}

struct Run<'a> {
    options: &'a Options,
    stage: &'a Stage,
    load: Load<'a>,
    next: Cell<u64>,
    watch: Watch,
}

/// Measures without the fault, then with it, and compares.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let servers = Servers::from_env()?;
    let machine = Machine::inspect(&servers).await?;
    let stage = Stage::start(&servers, options.channel, usize::from(options.contacts)).await?;
    let watch = stage.watch(&servers).await?;
    let run = Run { options, stage: &stage, load: Load::new(&stage.streams), next: Cell::new(0), watch };
    let measured = run.measure().await;
    let complaints = stage.programs.complaints();
    let (mut sections, faults) = measured.inspect_err(|_| {
        complaints.iter().for_each(|complaint| progress(complaint));
    })?;
    drop(run);
    if let Some(last) = sections.last_mut() {
        last.notes.extend(complaints);
    }
    let memory = stage.programs.memory();
    stage.stop().await?;
    Ok(Report { machine: Some(machine), sections, memory, faults })
}

impl Run<'_> {
    async fn measure(&self) -> anyhow::Result<(Vec<Section>, Vec<String>)> {
        progress("warming up");
        let warm_up = self.phase(WARM_UP).await?;
        let complaints = warm_up.driven.complaints();
        ensure!(warm_up.driven.accepted > 0, "nothing was accepted: {}", complaints.unwrap_or_default());
        let seconds = Duration::from_secs(self.options.seconds);
        progress(&format!("{}/s on each inbox, {seconds:?} without a fault", self.options.rate));
        let before = self.phase(seconds).await?;
        let whole = self.load.arrived(self.stage, before.numbers.clone(), PATIENCE, |_| true).await?;
        progress(&format!("the same while the provider of {} {}", self.faulty().name, self.trouble()));
        ask(self.stage.sandbox, Method::POST, "/control/faults", Some(&self.fault())).await?;
        let during = self.phase(seconds).await?;
        let healthy = |stream: usize| stream != streams::FAULTY;
        let arrived = self.load.arrived(self.stage, during.numbers.clone(), PATIENCE, healthy).await?;
        let took_faulty = self.load.outcome(self.stage, during.numbers.clone()).await?[streams::FAULTY].taken;
        ask(self.stage.sandbox, Method::DELETE, "/control/faults", None).await?;
        let first = self.load.outcome(self.stage, before.numbers.clone()).await?;
        let second = self.load.outcome(self.stage, during.numbers.clone()).await?;
        let mut faults: Vec<String> = [whole, arrived].into_iter().filter_map(Result::err).collect();
        if took_faulty > 0 {
            faults.push(format!("the provider took {took_faulty} messages while it was to fail"));
        }
        let compared = self.compare(&first, &second);
        let title = format!("The provider of {} {}", self.faulty().name, self.trouble());
        let sections = vec![
            self.section("Without a fault".to_owned(), &first, before),
            self.section(title, &second, during),
            compared,
        ];
        Ok((sections, faults))
    }

    async fn phase(&self, duration: Duration) -> anyhow::Result<Phase> {
        let (first, used) = (self.next.get(), self.watch.snapshot());
        let rate = f64::from(self.options.rate) * self.stage.streams.len() as f64;
        let plan = Plan {
            address: self.stage.api,
            connections: self.options.connections.into(),
            pace: Pace::Open(rate),
            duration,
        };
        let driven = drive(plan, &self.load, &self.next).await?;
        Ok(Phase { numbers: first..self.next.get(), driven, cpu: self.watch.since(&used) })
    }

    fn faulty(&self) -> &streams::Stream {
        &self.stage.streams[streams::FAULTY]
    }

    fn trouble(&self) -> &'static str {
        match self.options.fault {
            Trouble::Hang => "hangs",
            Trouble::ServerError => "answers 500",
        }
    }

    fn fault(&self) -> Value {
        let fault = match self.options.fault {
            // Longer than any run.
            Trouble::Hang => json!({ "delayMs": 3_600_000 }),
            Trouble::ServerError => {
                json!({ "refuse": { "httpStatus": 500, "code": self.faulty().server_error() } })
            }
        };
        json!({ "sender": self.faulty().sender, "fault": fault })
    }

    fn section(&self, title: String, outcomes: &[Outcome], phase: Phase) -> Section {
        let mut figures = vec![
            Figure::new("accepted", phase.driven.rate(), "/s").latency(percentiles(&phase.driven.latency)),
        ];
        for (stream, outcome) in self.stage.streams.iter().zip(outcomes) {
            let calls =
                Figure::new(format!("{}: 202 → provider call", stream.name), outcome.taken as f64, " calls");
            let seen = outcome.shown.len() as f64;
            let shown = Figure::new(format!("{}: 202 → `{}`", stream.name, stream.furthest), seen, " told");
            for (figure, latency) in [(calls, &outcome.to_provider), (shown, &outcome.shown)] {
                figures.push(if latency.is_empty() { figure } else { figure.latency(percentiles(latency)) });
            }
        }
        let notes = phase.driven.complaints().into_iter().collect();
        Section { title, figures, cpu: phase.cpu, notes }
    }

    /// The healthy inboxes' 99th percentiles with the fault against those without.
    fn compare(&self, first: &[Outcome], second: &[Outcome]) -> Section {
        let mut figures = Vec::new();
        for (place, stream) in self.stage.streams.iter().enumerate() {
            if place == streams::FAULTY {
                continue;
            }
            let (before, during) = (&first[place], &second[place]);
            let what = [
                ("provider call", &before.to_provider, &during.to_provider),
                (stream.furthest, &before.shown, &during.shown),
            ];
            for (what, before, during) in what {
                let ratio = percentiles(during).1 / percentiles(before).1.max(0.001);
                figures.push(
                    Figure::new(format!("R6: {}, {what}, p99", stream.name), ratio, "x").at_most(2.0, 1.3),
                );
            }
        }
        let notes = vec![format!(
            "{} contacts of each inbox; statuses come {} ms after each other; the second inbox is another organization's on the same channel, served by the same process",
            self.options.contacts,
            stage::STATUS_MS,
        )];
        Section { title: "With the fault against without".into(), figures, cpu: Vec::new(), notes }
    }
}
