//! Users: the people of the organization, and what each wants to be told.

pub mod create;
pub mod delete;
pub mod get;
pub mod get_notification_preferences;
pub mod list;
pub mod me;
pub mod update;
pub mod update_notification_preferences;

use common::db::notification_preferences::Preferences;
use common::db::users::{self, EMAIL_KEY, User};
use common::domain::ids::UserId;
use common::domain::principal::{Principal, Role};
use common::problem::{Problem, Timestamp};
use deadpool_postgres::GenericClient;
use http::StatusCode;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::text::Checks;

/// Longest name, email address and picture's address.
const NAME: usize = 200;
const EMAIL: usize = 320;
const PICTURE: usize = 2048;

/// A person of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    /// Id.
    #[schema(value_type = String, example = "usr_01KASDN2V4R2M7S8Q1B5Z9C3YA")]
    pub id: UserId,
    /// Name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// Email address, to which notifications go.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// Role; no key of theirs has more.
    pub role: Role,
    /// Their picture.
    pub avatar_url: Option<String>,
    /// Whether conversations may be given to them in turn.
    pub available: bool,
    /// Since when they are disabled, which stops their keys.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub disabled_at: Option<Timestamp>,
    /// When they were added.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub created_at: Timestamp,
    /// When they last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T04:11:39.120Z")]
    pub updated_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
            avatar_url: user.avatar_url,
            available: user.available,
            disabled_at: user.disabled_at.map(Timestamp),
            created_at: Timestamp(user.created_at),
            updated_at: Timestamp(user.updated_at),
        }
    }
}

fn check(name: Option<&str>, email: Option<&str>, avatar_url: Option<&str>) -> Result<(), Problem> {
    let mut checks = Checks::default();
    if let Some(name) = name {
        checks.name("name", name, NAME);
    }
    if let Some(email) = email {
        checks.line("email", email, EMAIL);
        let whole =
            email.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let plain = !email.contains(char::is_whitespace);
        checks.ensure(whole && plain, "email", "invalid", "must be an email address");
    }
    if let Some(address) = avatar_url {
        let web = |url: Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
        let fits = address.len() <= PICTURE && Url::parse(address).is_ok_and(web);
        checks.ensure(
            fits,
            "avatarUrl",
            "invalid",
            "must be an http or https address of at most 2,048 characters",
        );
    }
    checks.finish()
}

/// What a write was refused for.
fn refused(error: common::db::Error) -> Problem {
    if error.constraint() != Some(EMAIL_KEY) {
        return error.into();
    }
    let detail = "There is a user with this email address already";
    let problem = Problem::new(StatusCode::CONFLICT, "already_exists", detail);
    problem.field("email", "already_exists", "is another user's")
}

/// 403 unless the caller's role is at least `needed`.
fn ensure_role(caller: &Principal, needed: Role, what: &str) -> Result<(), Problem> {
    if caller.role() >= Some(needed) {
        return Ok(());
    }
    let detail = format!("{what} takes the role {needed}; this key acts as {}", caller.acts_as());
    Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_role", detail))
}

/// The user, whom the caller's role is high enough to change. `loses` says whether they may be an owner no more: then the owners
/// are locked first, and one must be left.
async fn changeable(
    client: &impl GenericClient,
    caller: &Principal,
    id: UserId,
    loses: bool,
) -> Result<User, Problem> {
    let owners = if loses { users::lock_owners(client, caller.organization).await? } else { Vec::new() };
    let found = users::find(client, caller.organization, id).await?;
    let user = found.ok_or_else(|| Problem::not_found("user"))?;
    ensure_role(caller, user.role, "Changing this user")?;
    if loses && owners == [id] {
        let detail = "This is the organization's last owner; make somebody else an owner first";
        return Err(Problem::new(StatusCode::CONFLICT, "last_owner", detail));
    }
    Ok(user)
}

/// What a user is told of the conversations that are assigned to them. At first, everything is on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationPreferences, example = json!({ "assignments": true, "messages": true, "email": true }))]
pub struct PreferencesView {
    /// That a conversation was assigned to them.
    pub assignments: bool,
    /// That a contact wrote.
    pub messages: bool,
    /// By email; off means no email of either kind.
    pub email: bool,
}

impl From<Preferences> for PreferencesView {
    fn from(preferences: Preferences) -> Self {
        let Preferences { assignments, messages, email } = preferences;
        Self { assignments, messages, email }
    }
}
