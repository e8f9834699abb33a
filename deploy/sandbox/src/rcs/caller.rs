//! Who calls: a service account with a token, for an agent that it may use.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::{HeaderMap, header};

use super::agent::Agent;
use super::error::ApiError;
use crate::sandbox::Sandbox;

/// A call about a contact's phone.
pub(super) struct Call {
    /// For this agent.
    pub agent: Arc<Agent>,
    /// The contact, as digits.
    pub contact: String,
    /// The query.
    pub query: HashMap<String, String>,
}

impl Call {
    /// Reads a call, if its token opens the agent that it names.
    pub(super) fn read(
        sandbox: &Sandbox,
        headers: &HeaderMap,
        phone: &str,
        query: HashMap<String, String>,
    ) -> Result<Self, ApiError> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        let account = sandbox.agents.tokens.account(token).ok_or_else(|| {
            ApiError::new(
                401,
                "Request had invalid authentication credentials. Expected OAuth 2 access token.",
            )
        })?;
        let id = query.get("agentId").ok_or_else(|| ApiError::invalid("agentId is required."))?;
        let agent = sandbox.agents.find(id).filter(|agent| agent.config().client_email == account);
        let agent = agent.ok_or_else(|| ApiError::new(403, "The caller does not have permission"))?;
        let digits = phone.strip_prefix('+').unwrap_or_default();
        if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ApiError::invalid("The phone number must be in E.164 format."));
        }
        Ok(Self { agent, contact: digits.to_owned(), query })
    }

    /// An id in the query, which must be a UUID.
    pub(super) fn id(&self, name: &str) -> Result<&str, ApiError> {
        let id = self.query.get(name).ok_or_else(|| ApiError::invalid(format!("{name} is required.")))?;
        if is_uuid(id) { Ok(id) } else { Err(ApiError::invalid(format!("{name} must be a UUID."))) }
    }
}

fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match dashes.contains(&at) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        })
}
