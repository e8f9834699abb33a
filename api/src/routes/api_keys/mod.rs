//! API keys: made, replaced and revoked by other keys, none of which gives more than it has.

pub mod create;
pub mod get;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod update;

use chrono::{DateTime, Utc};
use common::db::api_keys::{self, ApiKey};
use common::domain::ids::{ApiKeyId, UserId};
use common::domain::principal::{Credential, Principal, Role, Scope};
use common::problem::{Problem, Timestamp};
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Longest name of a key.
const NAME: usize = 200;

/// An API key: everything but the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// Id.
    #[schema(value_type = String, example = "key_01KASDN3Z8T5P1R7V9X0Y2B4CD")]
    pub id: ApiKeyId,
    /// Name, shown as the sender of its messages.
    #[schema(example = "Shop")]
    pub name: String,
    /// The user who owns it.
    #[schema(value_type = String, example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")]
    pub user_id: UserId,
    /// Role; the key acts by the lesser of this and its owner's.
    pub role: Role,
    /// Scopes that narrow the role; none means all of the role.
    #[schema(example = json!(["message:create"]))]
    pub scopes: Vec<String>,
    /// Its first characters.
    #[schema(example = "sk_org_Zx8Qe")]
    pub hint: String,
    /// When it stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, give or take a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// The key in whose place it came.
    #[schema(value_type = Option<String>, example = "key_01KASDN3Z8T5P1R7V9X0Y2B4CC")]
    pub replaces_id: Option<ApiKeyId>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            user_id: key.user,
            role: key.role,
            scopes: key.scopes,
            hint: key.hint,
            expires_at: key.expires_at.map(Timestamp),
            revoked_at: key.revoked_at.map(Timestamp),
            last_used_at: key.last_used_at.map(Timestamp),
            replaces_id: key.replaces,
            created_at: Timestamp(key.created_at),
        }
    }
}

/// A new API key, with the key itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewApiKeyView {
    /// What is shown of it from now on.
    #[serde(flatten)]
    view: ApiKeyView,
    /// The key itself, shown this once.
    #[schema(example = "sk_org_Zx8Qe…")]
    key: String,
}

/// What a new key is to give.
struct Grant<'a> {
    role: Role,
    scopes: &'a [Scope],
    expires_at: Option<DateTime<Utc>>,
}

impl Grant<'_> {
    /// A key never gives more than it has: no higher role, no scope that it lacks, and no longer life.
    fn ensure_within(&self, caller: &Principal, own: &ApiKey) -> Result<(), Problem> {
        ensure_role(caller, self.role)?;
        let lacking = |scope: &&Scope| caller.scopes().is_some_and(|scopes| !scopes.contains(scope));
        if caller.scopes().is_some() && (self.scopes.is_empty() || self.scopes.iter().any(|s| lacking(&s))) {
            let names: Vec<&str> = self.scopes.iter().filter(lacking).map(|scope| scope.as_str()).collect();
            let names = if names.is_empty() { "all of its role".to_owned() } else { names.join(", ") };
            let detail = format!("A key gives only scopes that it has itself; this one lacks {names}");
            let problem = Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail);
            return Err(problem.field("scopes", "insufficient_scope", "must be scopes that this key has"));
        }
        match (own.expires_at, self.expires_at) {
            (Some(end), Some(asked)) if asked <= end => Ok(()),
            (None, _) => Ok(()),
            (Some(_), _) => {
                let message = "must not be later than when the key that makes it expires";
                Err(Problem::invalid("expiresAt", "outlives_its_maker", message))
            }
        }
    }
}

/// 403 unless the caller's role is at least that of a key.
fn ensure_role(caller: &Principal, role: Role) -> Result<(), Problem> {
    if caller.role() >= Some(role) {
        return Ok(());
    }
    let acts_as = caller.acts_as();
    let detail =
        format!("A key with the role {role} takes that role to deal with; this key acts as {acts_as}");
    let problem = Problem::new(StatusCode::FORBIDDEN, "insufficient_role", detail);
    Err(problem.field("role", "insufficient_role", "must not be above the role of this key"))
}

/// The key that asks, as it is now.
async fn own(client: &impl GenericClient, caller: &Principal) -> Result<ApiKey, Problem> {
    let Credential::ApiKey(id) = caller.credential else { return Err(Problem::not_found("API key")) };
    let found = api_keys::find(client, caller.organization, id, false).await?;
    let revoked = || Problem::new(StatusCode::UNAUTHORIZED, "key_revoked", "The key was revoked");
    found.filter(|key| key.revoked_at.is_none()).ok_or_else(revoked)
}

fn to_come(at: Option<DateTime<Utc>>) -> Result<(), Problem> {
    if at.is_some_and(|at| at <= Utc::now()) {
        return Err(Problem::invalid("expiresAt", "past", "must be in the future"));
    }
    Ok(())
}
