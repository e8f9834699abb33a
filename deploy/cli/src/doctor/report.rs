//! What the doctor found, line by line.

use serde_json::{Value, json};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

#[derive(Debug)]
struct Check {
    name: String,
    verdict: Verdict,
    detail: String,
    remedy: Option<String>,
}

/// Every check so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    checks: Vec<Check>,
}

impl Report {
    /// As it should be.
    pub(super) fn ok(&mut self, name: impl Into<String>, detail: impl Into<String>) {
        self.push(name.into(), Verdict::Ok, detail.into(), None);
    }

    /// It works, but not as well as it should, or not for long.
    pub(super) fn warn(
        &mut self,
        name: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(name.into(), Verdict::Warn, detail.into(), Some(remedy.into()));
    }

    /// Something does not work, or what is promised is not kept.
    pub(super) fn fail(
        &mut self,
        name: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(name.into(), Verdict::Fail, detail.into(), Some(remedy.into()));
    }

    fn push(&mut self, name: String, verdict: Verdict, detail: String, remedy: Option<String>) {
        self.checks.push(Check { name, verdict, detail, remedy });
    }

    /// Whether anything failed.
    pub(super) fn failed(&self) -> bool {
        self.count(Verdict::Fail) > 0
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let checks = self.checks.iter().map(|check| {
            let verdict = check.verdict.as_str().to_lowercase();
            json!({ "name": check.name, "verdict": verdict, "detail": check.detail, "remedy": check.remedy })
        });
        json!({ "healthy": !self.failed(), "checks": checks.collect::<Vec<_>>() })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Check { name, verdict, detail, remedy } in &self.checks {
            text.push_str(&format!("{:<4}  {name:<width$}  {detail}", verdict.as_str()));
            if let Some(remedy) = remedy {
                text.push_str(&format!(": {remedy}"));
            }
            text.push('\n');
        }
        let (failed, warned) = (self.count(Verdict::Fail), self.count(Verdict::Warn));
        text.push_str(&format!("\n{} checks, {failed} failed, {warned} to watch\n", self.checks.len()));
        text
    }
}
