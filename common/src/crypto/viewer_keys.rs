//! The public keys by which a product that holds an embed proves who looks at it: Ed25519, as JWK or PEM.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};

/// How many bytes a public key has.
const KEY_BYTES: usize = 32;
/// What stands before the key in its SubjectPublicKeyInfo (RFC 8410): the algorithm, and a bit string of 32 bytes.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A public key, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerKey {
    /// Which of its embed's keys it is.
    pub kid: String,
    /// The key, base64url, as a JWK has it.
    pub x: String,
}

impl ViewerKey {
    /// The key of a JWK's `x`; none if that is no public key.
    pub fn of_x(kid: &str, x: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(x).ok()?;
        Self::of_bytes(kid, bytes.as_slice().try_into().ok()?)
    }

    /// The key of a PEM text (`PUBLIC KEY`); none if that holds no public key.
    pub fn of_pem(kid: &str, pem: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        Self::of_bytes(kid, der.strip_prefix(&SPKI)?.try_into().ok()?)
    }

    fn of_bytes(kid: &str, key: &[u8; KEY_BYTES]) -> Option<Self> {
        let usable = !is_of_small_order(key);
        usable.then(|| Self { kid: kid.to_owned(), x: URL_SAFE_NO_PAD.encode(key) })
    }

    /// The bytes of the key.
    pub(super) fn bytes(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(&self.x).unwrap_or_default()
    }
}

/// Whether a key is one of the few points under which anybody can sign: no generator makes them, but a placeholder may be one.
fn is_of_small_order(key: &[u8; KEY_BYTES]) -> bool {
    const EIGHTHS: [[u8; KEY_BYTES]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    // The sign of x does not matter, so neither does the highest bit.
    let mut y = *key;
    y[KEY_BYTES - 1] &= 0x7f;
    // y is 0, 1 or -1, written canonically or with the modulus 2^255 - 19 added.
    let rest_is = |from: usize, byte: u8| y[from..KEY_BYTES - 1].iter().all(|it| *it == byte);
    let low = rest_is(1, 0) && y[KEY_BYTES - 1] == 0 && y[0] <= 1;
    let high = rest_is(1, 0xff) && y[KEY_BYTES - 1] == 0x7f && (0xec..=0xee).contains(&y[0]);
    low || high || EIGHTHS.contains(&y)
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    #[test]
    fn a_key_is_read_from_a_jwk_and_from_a_pem_and_is_the_same() {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        let public = pair.public_key().as_ref();
        let by_jwk = ViewerKey::of_x("k", &URL_SAFE_NO_PAD.encode(public)).unwrap();
        let der = [SPKI.as_slice(), public].concat();
        let encoded = base64::engine::general_purpose::STANDARD.encode(der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n");
        assert_eq!(ViewerKey::of_pem("k", &pem), Some(by_jwk));
        for bad in [&pem[..60], "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            assert_eq!(ViewerKey::of_pem("k", bad), None, "{bad}");
        }
        for bad in ["", "AAAA", &URL_SAFE_NO_PAD.encode([7; 33]), "not base64!"] {
            assert_eq!(ViewerKey::of_x("k", bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_under_which_anybody_can_sign_are_none() {
        let mut one = [0; 32];
        one[0] = 1;
        let mut minus_one = [0xff; 32];
        (minus_one[0], minus_one[31]) = (0xec, 0x7f);
        let mut negative = one;
        negative[31] = 0x80;
        for weak in [[0; 32], one, minus_one, negative] {
            assert_eq!(ViewerKey::of_x("k", &URL_SAFE_NO_PAD.encode(weak)), None, "{weak:?}");
        }
    }
}
