//! The whole configuration, every fault at once.

use common::config::{Config, ConfigError};

use super::report::Report;

const REMEDY: &str = "correct it in the environment of every process; .env.example lists all variables";

/// Checks what all processes read; the configuration, if it is usable.
pub(super) fn check(report: &mut Report) -> Option<Config> {
    match Config::from_env("127.0.0.1:9100") {
        Ok(config) => {
            report.ok("configuration", "every variable is valid");
            Some(config)
        }
        Err(ConfigError(faults)) => {
            for fault in faults {
                report.fail("configuration", fault, REMEDY);
            }
            None
        }
    }
}
