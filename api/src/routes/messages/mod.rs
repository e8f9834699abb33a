//! Messages, and what happened to them.

pub mod get;
pub mod list;
