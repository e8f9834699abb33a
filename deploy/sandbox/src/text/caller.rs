//! Who calls: an account with its token, or with one of its API keys.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::account::{Account, Config};
use super::error::ApiError;
use crate::sandbox::Sandbox;

/// The account that a request is for, if its credentials give access to it.
pub(super) fn account(sandbox: &Sandbox, headers: &HeaderMap, sid: &str) -> Result<Arc<Account>, ApiError> {
    let (user, password) = basic(headers).ok_or_else(ApiError::unauthenticated)?;
    let account = sandbox.texts.find(sid).filter(|account| fits(&account.config(), &user, &password));
    if let Some(account) = account {
        return match account.config().status.as_str() {
            "active" => Ok(account),
            _ => Err(ApiError::new(403, 20_005, "Account not active")),
        };
    }
    // Somebody else's account is not there, for whoever is known.
    let known = sandbox.texts.all().iter().any(|account| fits(&account.config(), &user, &password));
    Err(if known {
        ApiError::not_found(&format!("/2010-04-01/Accounts/{sid}"))
    } else {
        ApiError::unauthenticated()
    })
}

/// The account whose own token a request carries: some things a key may not ask.
pub(super) fn with_token(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    sid: &str,
) -> Result<Arc<Account>, ApiError> {
    let account = account(sandbox, headers, sid)?;
    match basic(headers) {
        Some((user, _)) if user == sid => Ok(account),
        _ => Err(ApiError::unauthenticated()),
    }
}

/// Whichever account the credentials give access to.
pub(super) fn any(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Arc<Account>, ApiError> {
    let (user, password) = basic(headers).ok_or_else(ApiError::unauthenticated)?;
    let found = sandbox.texts.all().into_iter().find(|account| fits(&account.config(), &user, &password));
    found.ok_or_else(ApiError::unauthenticated)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn fits(config: &Config, user: &str, password: &str) -> bool {
    let own = user == config.account_sid && password == config.auth_token;
    own || config.api_keys.iter().any(|key| key.sid == user && key.secret == password)
}
