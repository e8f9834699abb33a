//! A service account: who it is, and the signed statement by which it asks for a token (RFC 7523).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// What a token opens.
const SCOPE: &str = "https://www.googleapis.com/auth/rcsbusinessmessaging";
/// How long a statement is good for, in seconds: the provider's most.
const VALID: i64 = 3600;
/// Where tokens come from unless the account says so.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// What is wrong with a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct InvalidServiceAccount {
    /// The part at fault, as the provider names it; empty for the whole.
    pub field: &'static str,
    /// What is wrong, for people; holds nothing of it.
    pub problem: &'static str,
}

/// A service account.
pub struct ServiceAccount {
    /// Who it is.
    pub email: String,
    /// Where its tokens come from.
    pub token_uri: Url,
    key: KeyPair,
    key_pem: String,
    key_id: Option<String>,
}

#[derive(Deserialize)]
struct Read {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    client_email: Option<String>,
    #[serde(default)]
    private_key: Option<String>,
    #[serde(default)]
    private_key_id: Option<String>,
    #[serde(default)]
    token_uri: Option<String>,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("token_uri", &self.token_uri.as_str()).finish_non_exhaustive()
    }
}

impl ServiceAccount {
    /// Reads the provider's JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(json: &str) -> Result<Self, InvalidServiceAccount> {
        let wrong = |field, problem| InvalidServiceAccount { field, problem };
        let read: Read =
            serde_json::from_str(json).map_err(|_| wrong("", "is not a service account's JSON"))?;
        if read.kind.is_some_and(|kind| kind != "service_account") {
            return Err(wrong("type", "must be service_account"));
        }
        let email = read.client_email.filter(|email| email.contains('@') && email.len() <= 320);
        let email = email.ok_or(wrong("client_email", "must be the account's address"))?;
        let key_pem = read.private_key.ok_or(wrong("private_key", "is required"))?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes());
        let key = der.ok().and_then(|der| KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
        let key =
            key.ok_or(wrong("private_key", "must be an RSA key of 2048 bits or more, in PEM (PKCS #8)"))?;
        let uri = read.token_uri.as_deref().unwrap_or(TOKEN_URI);
        let token_uri =
            Url::parse(uri).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let token_uri = token_uri.ok_or(wrong("token_uri", "must be an http or https address"))?;
        Ok(Self { email, token_uri, key, key_pem, key_id: read.private_key_id })
    }

    /// What of it is needed, as the provider writes it.
    pub fn essence(&self) -> String {
        json!({
            "type": "service_account", "client_email": self.email, "private_key": self.key_pem,
            "private_key_id": self.key_id, "token_uri": self.token_uri.as_str(),
        })
        .to_string()
    }

    /// Whether its tokens come from the provider's own place.
    pub fn asks_the_provider(&self) -> bool {
        self.token_uri.as_str() == TOKEN_URI
    }

    /// The signed statement that gets a token; none if the system has no randomness to give.
    pub(super) fn statement(&self, now: DateTime<Utc>) -> Option<String> {
        let mut header = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(id) = &self.key_id {
            header["kid"] = json!(id);
        }
        let issued = now.timestamp();
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri.as_str(), "iat": issued, "exp": issued + VALID,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
