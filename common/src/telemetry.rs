//! Structured logs: `SWITCHBOARD_LOG` is the filter, `SWITCHBOARD_LOG_FORMAT` is `json` or `text`.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

/// Starts logging to standard error; the second call in a process changes nothing.
pub fn init(process: &'static str) {
    let filter = std::env::var("SWITCHBOARD_LOG").unwrap_or_else(|_| "info,lapin=error".into());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let json = std::env::var("SWITCHBOARD_LOG_FORMAT").is_ok_and(|format| format == "json");
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if json {
        registry.with(layer.json().flatten_event(true)).try_init()
    } else {
        registry.with(layer.with_target(false)).try_init()
    };
    if started.is_ok() {
        tracing::info!(process, version = env!("CARGO_PKG_VERSION"), "starting");
    }
}
