//! What channels read and write: recorded payloads in, calls to a provider of the test's own out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod any_bytes;
mod bodies;
mod check;
mod files;
mod pages;
mod pages_received;
mod pages_refused;
mod parse;
mod provider;
mod rcs;
mod rcs_received;
mod rcs_tokens;
mod receive;
mod send;
mod texts;
mod texts_received;
