//! A product that holds an embed and signs who looks at it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// A key of such a product.
pub struct HostKey {
    /// Its name.
    pub kid: &'static str,
    pair: Ed25519KeyPair,
}

impl HostKey {
    /// A fresh key.
    pub fn new(kid: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { kid, pair: Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap() }
    }

    /// The public key's bytes.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        json!({ "kid": self.kid, "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.public()) })
    }

    /// The public key as PEM.
    pub fn pem(&self) -> Value {
        let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = STANDARD.encode([head.as_slice(), self.public()].concat());
        json!({ "kid": self.kid, "pem": format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n") })
    }

    /// A token with this header and these claims.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }

    /// A token of a user for an embed, good for five minutes, with these claims beside the usual ones or in their place.
    pub fn token(&self, embed: &Value, claims: &Value) -> String {
        let now = Utc::now().timestamp();
        let mut all = json!({ "sub": "user-42", "aud": embed["id"], "iat": now, "exp": now + 300 });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.sign(&json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid }), &all)
    }
}
