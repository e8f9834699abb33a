//! A running api with its own database, queues and provider.

mod answer;
mod app;
mod whole;

pub use answer::{Answer, Call};
pub use app::{Options, TestApp};
pub use whole::{SOON, Whole};
