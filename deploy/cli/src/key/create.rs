//! `switchboard key create`.

use anyhow::bail;
use chrono::{DateTime, Utc};
use common::crypto::ApiKeyToken;
use common::db::api_keys::{self, NewApiKey};
use common::db::audit::{self, Actor, Entry};
use common::db::users::{self, User};
use common::domain::ids::UserId;
use common::domain::principal::{Role, Scope};
use deadpool_postgres::GenericClient;
use serde_json::json;

use crate::environment;
use crate::output::Output;
use crate::parse::{self, shown};

/// Arguments of `key create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// User who owns the key
    #[arg(long)]
    user: UserId,
    /// Name of the key, shown as the sender of its messages
    #[arg(long, value_parser = parse::name)]
    name: String,
    /// Role of the key, at most the user's [default: the user's]
    #[arg(long)]
    role: Option<Role>,
    /// Scope that the key is narrowed to, such as message:create; may be repeated [default: all of the role]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scope>,
    /// When the key stops working, such as 2030-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "RFC3339", value_parser = parse::time_to_come)]
    expires: Option<DateTime<Utc>>,
}

impl Create {
    /// Creates the key and shows it, this once.
    ///
    /// # Errors
    /// When there is no such user, the key would have more rights than its owner, or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let tx = session.transaction().await?;
        let user = self.owner(&tx).await?;
        let role = self.role_under(&user)?;
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        let token = ApiKeyToken::mint();
        let new =
            NewApiKey { user: user.id, name: &self.name, role, scopes: &scopes, expires_at: self.expires };
        let key = api_keys::insert(&tx, user.organization, new, &token).await?;
        let entry = Entry {
            organization: user.organization,
            actor: Actor::Operator,
            action: "api_key.create",
            resource: key.id.0,
            trace: None,
            detail: Some(json!({
                "userId": user.id, "name": self.name, "role": role, "scopes": key.scopes,
                "expiresAt": self.expires.map(shown),
            })),
        };
        audit::insert(&tx, &entry).await?;
        tx.commit().await?;
        let (id, shown_once) = (key.id, token.token.expose());
        let text = format!("Created {role} key {id}. Keep it safe, it is shown this once:\n\n{shown_once}\n");
        Ok(output.answer(&json!({ "id": id, "key": shown_once }), &text)?)
    }

    async fn owner(&self, client: &impl GenericClient) -> anyhow::Result<User> {
        let Some(user) = users::find_anywhere(client, self.user).await? else {
            bail!("there is no user {}: `switchboard user list --org …` shows those there are", self.user);
        };
        if user.disabled_at.is_some() {
            bail!("user {} is removed, so no key of theirs would work: choose another user", self.user);
        }
        Ok(user)
    }

    fn role_under(&self, user: &User) -> anyhow::Result<Role> {
        let role = self.role.unwrap_or(user.role);
        if role > user.role {
            bail!(
                "a key has at most its owner's role, which is {}: choose that or less, or another user",
                user.role
            );
        }
        if let Some(scope) = self.scopes.iter().find(|scope| scope.least_role() > role) {
            let least = scope.least_role();
            bail!(
                "scope {scope} needs the role {least} and would grant nothing to a key with {role}: leave it out"
            );
        }
        Ok(role)
    }
}
