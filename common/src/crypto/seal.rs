//! Seals credentials at rest with XChaCha20-Poly1305 under the master key.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::config::{MasterKey, Secret};

const NONCE_BYTES: usize = 24;

/// Seals and opens values; cheap to clone.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

/// The bytes were sealed with another key or for another row, or were changed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the sealed value cannot be opened: it was sealed with another SWITCHBOARD_MASTER_KEY or was changed"
)]
pub struct Unsealable;

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer under `key`.
    pub fn new(key: &MasterKey) -> Self {
        Self(XChaCha20Poly1305::new((&key.0).into()))
    }

    /// Seals `plain`; `context` (such as the row's id) must be given again to open it.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let nonce = XNonce::from(rand::random::<[u8; NONCE_BYTES]>());
        let payload = Payload { msg: plain, aad: context };
        let sealed = self.0.encrypt(&nonce, payload).map_err(|_| Unsealable)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what `seal` made with the same context.
    ///
    /// # Errors
    /// When the key or the context differ, or the bytes were changed.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unsealable)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unsealable)?;
        self.0.decrypt(&nonce, Payload { msg: body, aad: context }).map_err(|_| Unsealable)
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_text(&self, sealed: &[u8], context: &[u8]) -> Result<Secret, Unsealable> {
        String::from_utf8(self.open(sealed, context)?).map(Secret::new).map_err(|_| Unsealable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_a_sealed_value() {
        let sealer = Sealer::new(&MasterKey::new([1; 32]));
        let mut sealed = sealer.seal(b"token", b"row-1").unwrap();
        assert_eq!(sealer.open(&sealed, b"row-1").unwrap(), b"token");
        assert!(sealer.open(&sealed, b"row-2").is_err());
        assert!(Sealer::new(&MasterKey::new([2; 32])).open(&sealed, b"row-1").is_err());
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        assert!(sealer.open(&sealed, b"row-1").is_err());
        assert!(sealer.open(&sealed[..10], b"row-1").is_err());
    }
}
