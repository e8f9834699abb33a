//! Plays Messenger and Instagram: the Send API of a page or a professional account, and the webhooks of both.
//!
//! - `send`, `validate`, `node`: what the business calls, with the provider's checks and errors
//! - `speak`: what a contact does
//! - `tell`: what the business is told, in order for each contact

pub mod control;
pub mod error;
pub mod message;
pub mod node;
pub mod page;
pub mod send;
pub mod speak;
pub mod tell;
pub mod validate;

pub use message::Message;
pub use page::{Pages, Platform};
