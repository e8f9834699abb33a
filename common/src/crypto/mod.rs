//! Secrets at rest, keys and signatures.

mod seal;
pub mod shared;
pub mod signature;
mod token;
pub mod viewer_keys;
pub mod viewer_tokens;

pub use seal::{Sealer, Unsealable};
pub use token::{ApiKeyToken, hash_token};
