//! The sandbox from outside: a real server on a free port, and a real receiver of its webhooks.

#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]
#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]

mod control;
mod faults;
mod limits;
mod mail;
mod management;
mod media;
mod messages;
mod pages;
mod program;
mod rcs;
mod support;
mod templates;
mod texts;
mod validation;
mod web;
mod webhooks;
