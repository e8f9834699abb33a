//! Outbound webhooks: where they may go, how they are signed, when they are tried again, and what they say.

mod body;
pub mod guard;
pub mod schedule;
pub mod signature;

pub use body::body;
