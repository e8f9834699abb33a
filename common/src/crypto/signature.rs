//! HMAC signatures over raw bytes, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// The HMAC-SHA256 of `body` under `key`.
pub fn hmac_sha256(key: &[u8], body: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// The HMAC-SHA512 of `body` under `key`.
pub fn hmac_sha512(key: &[u8], body: &[u8]) -> [u8; 64] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("any key length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// The HMAC-SHA1 of `body` under `key`, for providers that sign so; nothing of ours is signed with it.
pub fn hmac_sha1(key: &[u8], body: &[u8]) -> [u8; 20] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("any key length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// Whether `hex_signature` (lowercase or uppercase hex) is the HMAC-SHA256 of `body` under `key`.
pub fn verify_hex(key: &[u8], body: &[u8], hex_signature: &str) -> bool {
    let Ok(given) = hex::decode(hex_signature) else { return false };
    same(&given, &hmac_sha256(key, body))
}

/// Constant-time comparison.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}
