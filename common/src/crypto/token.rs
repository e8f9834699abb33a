//! API keys: minted from 32 random bytes, shown once, stored as a SHA-256 hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::config::Secret;

/// A new API key and what is stored of it.
#[derive(Debug)]
pub struct ApiKeyToken {
    /// The key itself, `sk_org_…`; shown once.
    pub token: Secret,
    /// What is stored.
    pub hash: [u8; 32],
    /// The first characters, for people to tell keys apart.
    pub hint: String,
}

impl ApiKeyToken {
    /// How many characters of the key are kept as its hint.
    const HINT: usize = 12;

    /// Mints a key.
    pub fn mint() -> Self {
        let token = format!("sk_org_{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let hint = token.chars().take(Self::HINT).collect();
        Self { hash: hash_token(&token), hint, token: Secret::new(token) }
    }
}

/// The stored form of a token. A plain hash is enough: the token has 256 random bits, so it cannot be guessed from it,
/// and a look-up by hash leaks nothing useful through timing.
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
