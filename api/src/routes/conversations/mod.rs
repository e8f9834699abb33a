//! Conversations: all messages with one contact on one inbox.

pub mod get;
pub mod list;
pub mod reply;
