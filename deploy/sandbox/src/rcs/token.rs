//! `POST /token`: gives a service account a token for a statement that it has signed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use parking_lot::Mutex;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::agent::KEY;
use crate::sandbox::Sandbox;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SCOPE: &str = "https://www.googleapis.com/auth/rcsbusinessmessaging";
/// How long a token lives, and the longest that a statement may be good for, in seconds.
const LIFE: u64 = 3599;
const LONGEST: u64 = 3600;
/// How far clocks may differ, in seconds.
const SKEW: u64 = 60;

/// Tokens that were given, with their service account and end.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<HashMap<String, (String, Instant)>>);

impl Tokens {
    fn give(&self, email: &str) -> String {
        let token = format!("ya29.sandbox-{:032x}", rand::random::<u128>());
        let mut tokens = self.0.lock();
        tokens.retain(|_, (_, end)| *end > Instant::now());
        tokens.insert(token.clone(), (email.to_owned(), Instant::now() + Duration::from_secs(LIFE)));
        token
    }

    /// The service account of a token that is good.
    pub fn account(&self, token: &str) -> Option<String> {
        let tokens = self.0.lock();
        tokens.get(token).filter(|(_, end)| *end > Instant::now()).map(|(email, _)| email.clone())
    }

    /// Takes all tokens back; says how many there were.
    pub fn revoke(&self) -> usize {
        std::mem::take(&mut *self.0.lock()).len()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(default)]
    scope: String,
    iat: u64,
    exp: u64,
}

/// Gives a token.
pub async fn give_token(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, body: Bytes) -> Response {
    let find = |name: &str| {
        form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if find("grant_type").as_deref() != Some(GRANT) {
        return refused("unsupported_grant_type", "Invalid grant_type");
    }
    let Some(assertion) = find("assertion") else { return refused("invalid_request", "Missing assertion") };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let now = sandbox.clock.unix_seconds(sandbox.clock.now());
    match check(&sandbox, &assertion, &format!("http://{host}/token"), now) {
        Ok(email) => {
            let token = sandbox.agents.tokens.give(&email);
            Json(json!({ "access_token": token, "expires_in": LIFE, "token_type": "Bearer" })).into_response()
        }
        Err((error, why)) => refused(error, why),
    }
}

fn refused(error: &str, why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": why }))).into_response()
}

type Refusal = (&'static str, &'static str);

/// The service account whose statement this is, if it is one that gets a token.
fn check(sandbox: &Sandbox, assertion: &str, audience: &str, now: u64) -> Result<String, Refusal> {
    let broken = ("invalid_grant", "Invalid JWT: Token must be a short-lived token");
    let (signed, signature) = assertion.rsplit_once('.').ok_or(broken)?;
    let (header, claims) = signed.split_once('.').ok_or(broken)?;
    let header: Header = part(header).ok_or(broken)?;
    let claims: Claims = part(claims).ok_or(broken)?;
    if header.alg != "RS256" {
        return Err(("invalid_grant", "Invalid JWT: alg must be RS256"));
    }
    let known = sandbox.agents.all().iter().any(|agent| agent.config().client_email == claims.iss);
    if !known {
        return Err(("invalid_grant", "Invalid grant: account not found"));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| broken)?;
    if !signed_by_us(signed.as_bytes(), &signature) {
        return Err(("invalid_grant", "Invalid JWT Signature."));
    }
    if claims.aud != audience {
        return Err(("invalid_grant", "Invalid JWT: Failed audience check."));
    }
    let short = claims.exp > claims.iat && claims.exp - claims.iat <= LONGEST;
    if !short || claims.iat > now + SKEW || claims.exp + SKEW < now {
        return Err(broken);
    }
    if claims.scope.split(' ').all(|scope| scope != SCOPE) {
        return Err(("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    Ok(claims.iss)
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn signed_by_us(signed: &[u8], signature: &[u8]) -> bool {
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes());
    let key = der.ok().and_then(|der| ring::rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
    let verified = |key: ring::rsa::KeyPair| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
            .verify(signed, signature)
            .is_ok()
    };
    key.is_some_and(verified)
}
