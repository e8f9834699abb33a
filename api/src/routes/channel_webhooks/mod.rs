//! Webhooks of the channels: the handshake, and the intake of what they tell.

pub mod receive;
pub mod verify;
mod verify_tokens;

pub use verify_tokens::VerifyTokens;
