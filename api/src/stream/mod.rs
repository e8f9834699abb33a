//! Tells readers of streams what happens: one task of the process reads the event log for all of them.

mod filter;
mod hub;
mod reader;

pub use filter::{Filter, is_visible};
pub use hub::Hub;
pub use reader::{Reader, follow};
