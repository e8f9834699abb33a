//! Who is calling and whether they may: a handler gets the caller only by naming the right it needs.

mod credentials;
mod keys;
pub mod rights;
mod sessions;

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use common::config::Secret;
use common::crypto::shared::{SessionName, SharedTokens};
use common::db::shared_sessions::Ended;
use common::domain::principal::{Credential, Principal, Role};
use common::problem::Problem;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::accept::Asker;
use crate::state::AppState;

pub use keys::Keys;
use rights::MessageCreate;
pub use rights::{Guests, Right};
pub use sessions::{Sessions, ended, not_permitted};

/// The caller, who has the right `R`.
#[derive(Debug)]
pub struct Allowed<R> {
    principal: Arc<Principal>,
    right: PhantomData<R>,
}

impl<R> Deref for Allowed<R> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<R: Right> FromRequestParts<AppState> for Allowed<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = credentials::presented(&parts.headers)?;
        let principal = match visitor(state, token)? {
            None => key(state, token).await?,
            Some(name) => state.sessions.find(&name).await?.1,
        };
        ensure::<R>(&principal)?;
        Ok(Self { principal, right: PhantomData })
    }
}

/// Who may send, if they are whom they say: a session is looked up together with the work, and what it may send decided there. Only
/// the acceptor takes these.
#[derive(Debug)]
pub struct Claimed(pub Asker);

impl FromRequestParts<AppState> for Claimed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = credentials::presented(&parts.headers)?;
        let asker = match visitor(state, token)? {
            None => {
                let principal = key(state, token).await?;
                ensure::<MessageCreate>(&principal)?;
                Asker::Known(principal)
            }
            Some(name) => Asker::Session(name),
        };
        Ok(Self(asker))
    }
}

/// The caller of something that lasts, who has the right `R` for as long as `holds` says.
#[derive(Debug)]
pub struct Lasting<R> {
    caller: Allowed<R>,
    token: Secret,
}

impl<R> Deref for Lasting<R> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.caller
    }
}

impl<R: Right> FromRequestParts<AppState> for Lasting<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = Secret::new(credentials::presented(&parts.headers)?.to_owned());
        Ok(Self { caller: Allowed::from_request_parts(parts, state).await?, token })
    }
}

impl<R: Right> Lasting<R> {
    /// Whether the credential still is good for this; what it may see is from now on what it may see now. A database that is
    /// away ends nothing.
    pub async fn holds(&mut self, state: &AppState) -> bool {
        match self.again(state).await {
            Ok(principal) => {
                let holds = ensure::<R>(&principal).is_ok();
                self.caller.principal = principal;
                holds
            }
            Err(problem) => !problem.status.is_client_error(),
        }
    }

    async fn again(&self, state: &AppState) -> Result<Arc<Principal>, Problem> {
        let token = self.token.expose();
        match state.shared.read_session(token) {
            Some(name) => Ok(state.sessions.find(&name).await?.1),
            None => state.keys.principal(&state.pool, &state.shutdown, token).await,
        }
    }
}

/// The session that a request presents.
#[derive(Debug)]
pub struct Visit {
    /// The session.
    pub name: SessionName,
    /// Its token.
    pub token: Secret,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = credentials::presented(&parts.headers)?;
        let name = visitor(state, token)?.ok_or_else(|| {
            let detail = "This takes the token of a shared inbox session, sis_…";
            Problem::new(StatusCode::FORBIDDEN, "session_required", detail)
        })?;
        Ok(Self { name, token: Secret::new(token.to_owned()) })
    }
}

/// The token that a request presents, if it presents one that could be read.
pub fn token(headers: &HeaderMap) -> Option<String> {
    credentials::presented(headers).ok().map(str::to_owned)
}

/// The session that a token names, if it is a session's; its request is counted.
fn visitor(state: &AppState, token: &str) -> Result<Option<SessionName>, Problem> {
    if !token.starts_with(SharedTokens::SESSION) {
        return Ok(None);
    }
    let name = state.shared.read_session(token).ok_or_else(|| ended(Ended::Unknown))?;
    state.limits.check(name.guest.into())?;
    Ok(Some(name))
}

async fn key(state: &AppState, token: &str) -> Result<Arc<Principal>, Problem> {
    let principal = state.keys.principal(&state.pool, &state.shutdown, token).await?;
    state.limits.check(principal.credential)?;
    Ok(principal)
}

/// 403 unless the caller has the right.
fn ensure<R: Right>(principal: &Principal) -> Result<(), Problem> {
    match (principal.credential, R::GUESTS) {
        (Credential::ApiKey(_), _) if principal.may_as(R::SCOPE, R::LEAST) => Ok(()),
        (Credential::ApiKey(_), _) => Err(forbidden::<R>(principal)),
        (_, Guests::Never) => Err(sessions::not_for_visitors()),
        (Credential::Link(_), Guests::Embeds(_)) => Err(sessions::not_for_links()),
        (_, Guests::With(permission) | Guests::Embeds(permission)) if !principal.permits(permission) => {
            Err(not_permitted(permission))
        }
        (_, Guests::Any | Guests::With(_) | Guests::Embeds(_)) => Ok(()),
    }
}

fn forbidden<R: Right>(principal: &Principal) -> Problem {
    let (scope, least) = (R::SCOPE, R::LEAST);
    let mut detail = format!("This needs the scope {scope}");
    if principal.role() < Some(least) {
        let or_more = if least == Role::Owner { "" } else { " or above" };
        let acts_as = principal.acts_as();
        detail.push_str(&format!(", which takes the role {least}{or_more}; this key acts as {acts_as}"));
    } else {
        detail.push_str(", which this key was not given");
    }
    Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail)
}
