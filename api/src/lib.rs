//! The HTTP front: validates, writes rows and outbox in one transaction, answers. Start reading at `router.rs`.

pub mod accept;
pub mod auth;
pub mod examples;
pub mod extract;
pub mod idempotency;
pub mod intake;
pub mod lookups;
pub mod middleware;
pub mod openapi;
pub mod operation;
pub mod paging;
pub mod problems;
pub mod provider;
pub mod rate_limit;
pub mod router;
pub mod routes;
mod run;
pub mod state;
pub mod stream;
pub mod text;
pub mod user_directory;
pub mod web;

pub use run::{Listeners, run};
