//! The key that seals credentials, and from which others are derived.

use base64::Engine as _;

use super::Reader;

/// 32 bytes that seal credentials at rest.
#[derive(Clone)]
pub struct MasterKey(pub(crate) [u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl MasterKey {
    /// A key from its 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let what = "base64 of 32 random bytes; make one with: openssl rand -base64 32";
        let text = reader.required("SWITCHBOARD_MASTER_KEY", what);
        let bytes = base64::engine::general_purpose::STANDARD.decode(&text).ok();
        match bytes.and_then(|b| <[u8; 32]>::try_from(b).ok()) {
            Some(key) => Self(key),
            None => {
                if !text.is_empty() {
                    reader.fault(format!("SWITCHBOARD_MASTER_KEY is not valid: expected {what}"));
                }
                Self([0; 32])
            }
        }
    }
}
