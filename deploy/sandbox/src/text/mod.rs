//! Plays a provider of texts: the parts of Twilio's messaging API that the product uses, with signed webhooks back.
//!
//! - `caller`, `create`, `list`, `media`, `numbers`: what the business calls, with the provider's checks and errors
//! - `speak`: what a contact writes
//! - `callback`, `sign`: what the business is told

pub mod account;
pub mod callback;
pub mod caller;
pub mod create;
pub mod error;
pub mod list;
pub mod media;
pub mod message;
pub mod numbers;
pub mod segments;
pub mod sign;
pub mod speak;
pub mod validate;

pub use account::Texts;
pub use message::Message;
