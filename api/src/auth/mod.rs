//! Who is calling and whether they may: a handler gets the caller only by naming the right it needs.

mod credentials;
mod keys;
pub mod rights;

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use common::config::Secret;
use common::domain::principal::{Principal, Role};
use common::problem::Problem;
use http::StatusCode;
use http::request::Parts;

use crate::state::AppState;

pub use keys::Keys;
pub use rights::Right;

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
        let principal = state.keys.principal(&state.pool, &state.shutdown, token).await?;
        state.limits.check(principal.key)?;
        if !principal.may_as(R::SCOPE, R::LEAST) {
            return Err(forbidden::<R>(&principal));
        }
        Ok(Self { principal, right: PhantomData })
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
    /// Whether the credential still is what it was when the request came. A database that is away ends nothing.
    pub async fn holds(&self, state: &AppState) -> bool {
        match state.keys.principal(&state.pool, &state.shutdown, self.token.expose()).await {
            Ok(principal) => principal.may_as(R::SCOPE, R::LEAST),
            Err(problem) => !problem.status.is_client_error(),
        }
    }
}

fn forbidden<R: Right>(principal: &Principal) -> Problem {
    let (scope, least) = (R::SCOPE, R::LEAST);
    let mut detail = format!("This needs the scope {scope}");
    if principal.role < least {
        let or_more = if least == Role::Owner { "" } else { " or above" };
        detail.push_str(&format!(
            ", which takes the role {least}{or_more}; this key acts as {}",
            principal.role
        ));
    } else {
        detail.push_str(", which this key was not given");
    }
    Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail)
}
