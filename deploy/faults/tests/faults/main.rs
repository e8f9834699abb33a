//! The promises of the pipeline, tried on the real processes.

#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]
#![expect(clippy::print_stdout, reason = "figures for those who run with --nocapture")]

mod addresses;
mod amendments;
mod contacts;
mod contents;
mod cuts;
mod echoes;
mod erasure;
mod frozen;
mod gates;
mod holds;
mod intake;
mod intake_content;
mod journeys;
mod kills;
mod leases;
mod media;
mod notifications;
mod notifications_failing;
mod pacing;
mod poison;
mod postponed;
mod provider;
mod purges;
mod races;
mod rcs;
mod reactions;
mod second_thoughts;
mod servers;
mod starts;
mod stopping;
mod texts;
mod traffic;
mod types;
mod watch;
mod webhooks;
