//! Plays a provider of RCS: the parts of Google's RCS for Business API that the product uses, with signed webhooks back.
//!
//! - `token`: gives tokens to service accounts for statements that they have signed
//! - `caller`, `create`, `validate`, `phones`: what the business calls, with the provider's checks and errors
//! - `speak`: what a contact writes
//! - `tell`: what the business is told

pub mod agent;
pub mod caller;
pub mod control;
pub mod create;
pub mod error;
pub mod message;
pub mod phones;
pub mod speak;
pub mod tell;
pub mod token;
pub mod validate;

pub use agent::Agents;
pub use message::Message;
