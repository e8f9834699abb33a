//! Files of messages: where their bytes lie, what they are, and the links by which browsers and providers fetch them.

pub mod detect;
mod links;
mod store;

pub use links::{LinkError, Links};
pub use store::{Chunks, Store, StoreError, Writer, Written};
