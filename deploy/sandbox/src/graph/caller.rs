//! Who calls the Graph API: checks version and token, finds what the token may see.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

use super::error::GraphError;
use crate::account::{Account, Phone};
use crate::sandbox::Sandbox;

/// A request's token and the address it came to.
#[derive(Debug)]
pub struct Caller {
    token: String,
    base: String,
}

impl FromRequestParts<Arc<Sandbox>> for Caller {
    type Rejection = GraphError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Sandbox>) -> Result<Self, GraphError> {
        let version = parts.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        if !is_version(version) {
            let message = format!("Unknown path components: {}", parts.uri.path());
            return Err(GraphError::of(2_500).saying(message));
        }
        Self::from_headers(&parts.headers, &parts.uri)
    }
}

impl Caller {
    /// The caller of a request without a version in its path.
    pub fn from_headers(headers: &HeaderMap, uri: &Uri) -> Result<Self, GraphError> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = match bearer {
            Some(value) => value.strip_prefix("Bearer ").map(str::to_owned),
            None => query_token(uri),
        };
        let token = token.ok_or_else(GraphError::unknown_token)?;
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
        Ok(Self { token, base: format!("http://{}", host.unwrap_or("localhost")) })
    }

    /// The token that it carries.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The address of a path of this sandbox, as the caller reaches it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The phone number of an id, if the token may use it.
    pub fn phone(&self, sandbox: &Sandbox, id: &str, method: &str) -> Result<Arc<Phone>, GraphError> {
        let phone = sandbox.directory.phone(id);
        match phone {
            Some(phone) if self.may_use(&phone.account)? => Ok(phone),
            _ => Err(self.refusal(sandbox, method, id)),
        }
    }

    /// The account of an id, if the token may use it.
    pub fn account(&self, sandbox: &Sandbox, id: &str, method: &str) -> Result<Arc<Account>, GraphError> {
        let account = sandbox.directory.account(id);
        match account {
            Some(account) if self.may_use(&account)? => Ok(account),
            _ => Err(self.refusal(sandbox, method, id)),
        }
    }

    /// The accounts the token may use.
    pub fn accounts(&self, sandbox: &Sandbox) -> Result<Vec<Arc<Account>>, GraphError> {
        let mut accounts = Vec::new();
        for account in sandbox.directory.accounts() {
            if self.may_use(&account)? {
                accounts.push(account);
            }
        }
        if accounts.is_empty() { Err(GraphError::unknown_token()) } else { Ok(accounts) }
    }

    /// Whether the token belongs to an account; an error when it has expired.
    fn may_use(&self, account: &Account) -> Result<bool, GraphError> {
        let state = account.state();
        if state.config.access_token != self.token {
            return Ok(false);
        }
        if state.config.token_expired { Err(GraphError::expired_token()) } else { Ok(true) }
    }

    /// Why an object is out of reach: the token is unknown, or the object is for it.
    pub fn refusal(&self, sandbox: &Sandbox, method: &str, id: &str) -> GraphError {
        match self.accounts(sandbox) {
            Ok(_) => GraphError::no_object(method, id),
            Err(error) => error,
        }
    }
}

fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(major, minor)| digits(major) && digits(minor))
}

fn query_token(uri: &Uri) -> Option<String> {
    super::paging::query_pairs(uri)
        .into_iter()
        .find(|(name, _)| name == "access_token")
        .map(|(_, token)| token)
}
