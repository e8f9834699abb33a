//! Taking in channel webhooks: whose they are, whether they are genuine, and what of them is to be stored.
//!
//! The api does this while it answers the provider; the inbound worker does it for what went through the fallback queue
//! while PostgreSQL was away.

mod envelope;
mod secrets;
mod sort;
mod sources;

pub use envelope::{Envelope, SignedHeaders};
pub use sort::{Sorted, sort};
pub use sources::{Source, Sources};
