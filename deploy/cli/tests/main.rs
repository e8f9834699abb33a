//! The command line as operators and scripts use it: the built program against real servers.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod accounts;
mod contact;
mod dead_letters;
mod doctor;
mod message;
mod migrate;
mod retention;
mod support;
mod usage;
