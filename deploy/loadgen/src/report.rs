//! What a run found: figures beside their floors and goals, for people and as JSON.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::machine::Machine;
use crate::processes::CpuShare;

/// Tells whoever waits what goes on.
pub fn progress(text: &str) {
    let _unread = writeln!(std::io::stderr().lock(), "loadgen: {text}");
}

/// One measured number.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// How much.
    pub value: f64,
    /// Of what: `/s`, `x`, `ms`.
    pub unit: &'static str,
    /// Median latency in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// The latency that 99 of 100 stay under, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// The same on the reference machine of `docs/performance.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
    /// What may ship, and what is wanted.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// What may ship, if that is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// What is wanted.
    pub goal: f64,
    /// Whether less is better, as with latencies.
    pub at_most: bool,
}

/// Figures of one phase, with who used the machine meanwhile.
#[derive(Debug, Clone, Serialize, Default)]
pub struct Section {
    /// What the phase did.
    pub title: String,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Who used the machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu: Vec<CpuShare>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Peak memory of a process.
#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    /// The process.
    pub name: String,
    /// In MiB.
    pub mebibytes: f64,
}

/// All that a run found.
#[derive(Debug, Serialize, Default)]
pub struct Report {
    /// What it ran on.
    pub machine: Option<Machine>,
    /// Its phases.
    pub sections: Vec<Section>,
    /// Peak memory of the product's processes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub memory: Vec<Memory>,
    /// What must not happen and did: lost, doubled, out of order.
    pub faults: Vec<String>,
}

impl Figure {
    /// A number.
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, p50: None, p99: None, reference: None, target: None }
    }

    /// With latencies.
    pub fn latency(mut self, (p50, p99): (f64, f64)) -> Self {
        (self.p50, self.p99) = (Some(p50), Some(p99));
        self
    }

    /// With what the reference machine showed.
    pub fn reference(mut self, value: f64) -> Self {
        self.reference = Some(value);
        self
    }

    /// Held against a least value.
    pub fn at_least(mut self, floor: f64, goal: f64) -> Self {
        self.target = Some(Target { floor: Some(floor), goal, at_most: false });
        self
    }

    /// Held against a greatest value.
    pub fn at_most(mut self, floor: impl Into<Option<f64>>, goal: f64) -> Self {
        self.target = Some(Target { floor: floor.into(), goal, at_most: true });
        self
    }

    fn verdict(&self) -> &'static str {
        let Some(Target { floor, goal, at_most }) = self.target else { return "" };
        let meets = |bound: f64| if at_most { self.value <= bound } else { self.value >= bound };
        if meets(goal) {
            "goal"
        } else {
            match floor.map(meets) {
                Some(true) => "floor",
                Some(false) => "BELOW",
                None => "not the goal",
            }
        }
    }
}

/// A histogram of microseconds, up to ten minutes.
#[expect(clippy::expect_used, reason = "constant bounds that are valid")]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("valid bounds")
}

/// Adds a duration.
pub fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
}

/// Median and 99th percentile in milliseconds.
pub fn percentiles(histogram: &Histogram<u64>) -> (f64, f64) {
    let millis = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    (millis(0.5), millis(0.99))
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => {
            let whole = format!("{value:.0}");
            let digits = whole.trim_start_matches('-').len();
            let mut grouped = String::new();
            for (index, digit) in whole.trim_start_matches('-').chars().enumerate() {
                if index > 0 && (digits - index) % 3 == 0 {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            if value < 0.0 { format!("-{grouped}") } else { grouped }
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl Section {
    fn table(&self, text: &mut String) {
        let _infallible = writeln!(text, "\n{}", self.title);
        let width = self.figures.iter().map(|figure| figure.what.chars().count()).max().unwrap_or(0).max(20);
        let header = ["measured", "p50 ms", "p99 ms", "floor", "goal", "meets", "reference"];
        let _infallible = write!(text, "  {:width$}", "");
        for column in header {
            let _infallible = write!(text, " {column:>12}");
        }
        text.push('\n');
        for figure in &self.figures {
            let optional = |value: Option<f64>| value.map(number).unwrap_or_default();
            let target = figure.target;
            let columns = [
                format!("{}{}", number(figure.value), figure.unit),
                optional(figure.p50),
                optional(figure.p99),
                optional(target.and_then(|target| target.floor)),
                optional(target.map(|target| target.goal)),
                figure.verdict().to_owned(),
                optional(figure.reference),
            ];
            let _infallible = write!(text, "  {:width$}", figure.what);
            for column in columns {
                let _infallible = write!(text, " {column:>12}");
            }
            text.push('\n');
        }
        let shares = self.cpu.iter().map(|share| format!("{} {:.0} %", share.name, share.percent_of_machine));
        if !self.cpu.is_empty() {
            let _infallible = writeln!(text, "  of the machine: {}", shares.collect::<Vec<_>>().join(", "));
        }
        for note in &self.notes {
            let _infallible = writeln!(text, "  {note}");
        }
    }
}

impl Report {
    /// Whether nothing happened that must not.
    pub fn sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether a figure is below its floor.
    pub fn below_floor(&self) -> bool {
        self.sections.iter().flat_map(|section| &section.figures).any(|figure| figure.verdict() == "BELOW")
    }

    /// Prints it to standard output.
    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, self)?;
            writeln!(out)?;
            return Ok(());
        }
        let mut text = String::new();
        if let Some(machine) = &self.machine {
            text.push_str(&machine.line());
            text.push('\n');
        }
        self.sections.iter().for_each(|section| section.table(&mut text));
        if !self.memory.is_empty() {
            let each = self.memory.iter().map(|memory| format!("{} {:.0}", memory.name, memory.mebibytes));
            let all: f64 = self.memory.iter().map(|memory| memory.mebibytes).sum();
            let each = each.collect::<Vec<_>>().join(", ");
            let _infallible =
                writeln!(text, "\nPeak memory of our processes in MiB: {each}; together {all:.0}");
        }
        for fault in &self.faults {
            let _infallible = writeln!(text, "\nFAULT: {fault}");
        }
        Ok(out.write_all(text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_held_against_their_floor_and_goal() {
        let rate = |value| Figure::new("rate", value, "x").at_least(0.6, 1.5).verdict();
        assert_eq!([rate(0.5), rate(0.6), rate(1.5)], ["BELOW", "floor", "goal"]);
        let wait = |value| Figure::new("wait", value, "ms").at_most(80.0, 40.0).verdict();
        assert_eq!([wait(81.0), wait(80.0), wait(40.0)], ["BELOW", "floor", "goal"]);
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!(
            [number(0.523), number(12.34), number(999.6), number(1_234_567.0)],
            ["0.52", "12.3", "1000", "1,234,567"]
        );
    }
}
