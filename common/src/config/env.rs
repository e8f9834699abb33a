//! Reads environment variables and collects every fault, so that one start shows all that is wrong.

use std::fmt;
use std::str::FromStr;

use super::Secret;

/// Where values come from: the process environment, or a literal list in tests.
pub type Source<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Collects faults while a configuration is read.
pub struct Reader<'a> {
    source: Source<'a>,
    faults: Vec<String>,
}

/// Every fault found in the environment, one clear line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is not usable:")?;
        for fault in &self.0 {
            write!(f, "\n  - {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl<'a> Reader<'a> {
    /// A reader over `source`.
    pub fn new(source: Source<'a>) -> Self {
        Self { source, faults: Vec::new() }
    }

    /// Notes a fault; reading goes on so that the rest is checked too.
    pub fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    /// The raw value; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.source)(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// A required text; a fault if absent.
    pub fn required(&mut self, name: &str, what: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.fault(format!("{name} is not set: {what}"));
            String::new()
        })
    }

    /// A required secret; a fault if absent.
    pub fn secret(&mut self, name: &str, what: &str) -> Secret {
        Secret::new(self.required(name, what))
    }

    /// A parsed value, or `default` when absent; a fault if it does not parse.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T, what: &str) -> T {
        match self.get(name) {
            None => default,
            Some(text) => text.parse().unwrap_or_else(|_| {
                self.fault(format!("{name} is not valid: expected {what}"));
                default
            }),
        }
    }

    /// A whole number within bounds, or `default` when absent.
    pub fn number(&mut self, name: &str, default: u64, (least, most): (u64, u64)) -> u64 {
        let value = self.parsed(name, default, &format!("a whole number from {least} to {most}"));
        if (least..=most).contains(&value) {
            return value;
        }
        self.fault(format!("{name} is {value}: expected a whole number from {least} to {most}"));
        default
    }

    /// A comma-separated list; empty when absent.
    pub fn list(&self, name: &str) -> Vec<String> {
        let text = self.get(name).unwrap_or_default();
        text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }

    /// Ends the reading: the value if there was no fault, else all faults.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.faults.is_empty() { Ok(value) } else { Err(ConfigError(self.faults)) }
    }
}
