//! Signatures by the Standard Webhooks scheme, and the plain hex HMAC that some receivers expect.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::Secret;
use crate::crypto::signature::hmac_sha256;

const PREFIX: &str = "whsec_";
/// Bytes of a secret, by the scheme.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A new secret: `whsec_` and base64 of 32 random bytes.
pub fn mint() -> Secret {
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; 32]>())))
}

/// Whether a secret is `whsec_` and base64 of 24 to 64 bytes, as the scheme's libraries read them.
pub fn is_secret(secret: &Secret) -> bool {
    let bytes = secret.expose().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    bytes.is_some_and(|bytes| BYTES.contains(&bytes.len()))
}

/// The value of `webhook-signature`: one signature for each secret, so that a receiver may know either of them.
pub fn standard(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| format!("v1,{}", STANDARD.encode(hmac_sha256(&key(secret), &signed))))
        .collect();
    signatures.join(" ")
}

/// The HMAC-SHA256 of the body under the secret's text, in hex.
pub fn hex(secret: &Secret, body: &[u8]) -> String {
    ::hex::encode(hmac_sha256(secret.expose().as_bytes(), body))
}

fn key(secret: &Secret) -> Vec<u8> {
    let text = secret.expose();
    STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_one_form() {
        assert!(is_secret(&mint()));
        let of = |bytes: usize| Secret::new(format!("{PREFIX}{}", STANDARD.encode(vec![7; bytes])));
        assert!(is_secret(&of(24)) && is_secret(&of(64)) && !is_secret(&of(23)) && !is_secret(&of(65)));
        let bare = STANDARD.encode([7; 32]);
        for odd in ["", "whsec_", "whsec_not base64", "hunter2", &bare, &format!("whpk_{bare}")] {
            assert!(!is_secret(&Secret::new(odd)), "{odd}");
        }
    }

    #[test]
    fn a_known_signature_comes_out() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let signed = standard(&[secret], id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_official_library_takes_either_secret_and_no_third_one() {
        let (old, new) = (mint(), mint());
        let now = chrono::Utc::now().timestamp();
        let signature = standard(&[new.clone(), old.clone()], "evt_1", now, b"{}");
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", now.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        let verify = |secret: &Secret, body: &[u8]| {
            standardwebhooks::Webhook::new(secret.expose()).unwrap().verify(body, &headers)
        };
        assert!(verify(&old, b"{}").is_ok() && verify(&new, b"{}").is_ok());
        assert!(verify(&new, b"{ }").is_err() && verify(&mint(), b"{}").is_err());
    }
}
