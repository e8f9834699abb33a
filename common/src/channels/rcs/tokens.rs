//! Tokens of service accounts: kept until shortly before they end; one request at a time for each account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use http::{HeaderMap, StatusCode};
use moka::Expiry;
use moka::future::Cache;
use sha2::{Digest as _, Sha256};

use super::payloads::{TokenBody, TokenRefusal};
use super::service_account::ServiceAccount;
use crate::channels::calls::{Protocol, ask, bounded, retry_after};
use crate::channels::{Action, ChannelError};
use crate::config::Secret;

/// How the grant is called.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long before its end a token is used no more, so that none ends on its way.
const SPARE: Duration = Duration::from_secs(60);
/// Most service accounts whose tokens are kept.
const MOST: u64 = 10_000;

/// How the place that gives tokens speaks; no message is ever sent to it.
const PROTOCOL: Protocol = Protocol { classify, speaks: |_| true, accepted: |_| None };

#[derive(Clone)]
struct Token {
    token: Secret,
    lives: Duration,
}

/// Lets each token live as long as it says.
struct AsTold;

impl Expiry<[u8; 32], Token> for AsTold {
    fn expire_after_create(&self, _: &[u8; 32], token: &Token, _: Instant) -> Option<Duration> {
        Some(token.lives)
    }
}

/// Tokens by service account; cheap to clone.
#[derive(Clone)]
pub struct Tokens(Cache<[u8; 32], Token>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).expire_after(AsTold).build())
    }
}

impl Tokens {
    /// A token of a service account, given as the provider's JSON. Whoever asks while one is on its way waits for that one.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn get(&self, http: &reqwest::Client, account: &Secret) -> Result<Secret, ChannelError> {
        let found = self.0.try_get_with(key(account), fetch(http, account)).await;
        found.map(|token| token.token).map_err(Arc::unwrap_or_clone)
    }

    /// Forgets a token that the provider does not take any more.
    pub(super) async fn forget(&self, account: &Secret) {
        self.0.invalidate(&key(account)).await;
    }
}

fn key(account: &Secret) -> [u8; 32] {
    Sha256::digest(account.expose().as_bytes()).into()
}

async fn fetch(http: &reqwest::Client, account: &Secret) -> Result<Token, ChannelError> {
    let unusable = |why: &str| {
        ChannelError::new(Action::Auth, "token_expired", "The service account cannot be used").detail(why)
    };
    let account = ServiceAccount::read(account.expose()).map_err(|wrong| unusable(wrong.problem))?;
    let statement = account.statement(Utc::now()).ok_or_else(|| unusable("it cannot sign"))?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", GRANT)
        .append_pair("assertion", &statement)
        .finish();
    let request = http
        .post(account.token_uri.clone())
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    let told: TokenBody = ask(request, &PROTOCOL).await?;
    let lives = Duration::from_secs(told.expires_in).saturating_sub(SPARE).max(Duration::from_secs(1));
    Ok(Token { token: told.access_token, lives })
}

/// A refusal to give a token is about the account, unless the place has trouble.
fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: chrono::DateTime<Utc>,
) -> ChannelError {
    let told = serde_json::from_slice::<TokenRefusal>(body).ok();
    let (action, code, title) = match status {
        StatusCode::TOO_MANY_REQUESTS => {
            (Action::ThrottleSender, "rate_limited", "The provider gives no more tokens for now")
        }
        StatusCode::REQUEST_TIMEOUT => {
            (Action::Transient, "provider_error", "The provider of tokens has trouble")
        }
        status if status.is_server_error() => {
            (Action::Transient, "provider_error", "The provider of tokens has trouble")
        }
        _ => (Action::Auth, "token_expired", "The service account is not taken"),
    };
    let mut error = ChannelError::new(action, code, title);
    error.http_status = Some(status.as_u16());
    error.retry_after = retry_after(headers, now);
    error.provider_code = told.as_ref().map(|told| bounded(&told.error).chars().take(64).collect());
    error.detail = told.and_then(|told| told.error_description).map(|said| bounded(&said));
    error
}
