//! The whole configuration, every fault at once.

use common::config::{Config, ConfigError, MasterKey};

use super::report::Report;

const REMEDY: &str = "correct it in the environment of every process; .env.example lists all variables";

/// Checks what all processes read; the master key, if the configuration is usable.
pub(super) fn check(report: &mut Report) -> Option<MasterKey> {
    match Config::from_env("127.0.0.1:9100") {
        Ok(config) => {
            report.ok("configuration", "every variable is valid");
            Some(config.master_key)
        }
        Err(ConfigError(faults)) => {
            for fault in faults {
                report.fail("configuration", fault, REMEDY);
            }
            None
        }
    }
}
