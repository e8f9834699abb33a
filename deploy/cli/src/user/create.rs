//! `switchboard user create`.

use anyhow::anyhow;
use common::db::audit::{self, Actor, Entry};
use common::db::users::{self, EMAIL_KEY, NewUser};
use common::domain::ids::OrganizationId;
use common::domain::principal::Role;
use serde_json::json;

use super::expect_organization;
use crate::environment;
use crate::output::Output;
use crate::parse;

/// Arguments of `user create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Organization of the user
    #[arg(long)]
    org: OrganizationId,
    /// Name of the user
    #[arg(long, value_parser = parse::name)]
    name: String,
    /// E-mail address, which no other user of the organization has
    #[arg(long, value_parser = parse::email)]
    email: String,
    /// Role: owner, admin or agent
    #[arg(long)]
    role: Role,
}

impl Create {
    /// Adds the user and tells their id.
    ///
    /// # Errors
    /// When there is no such organization, the address is taken, or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let tx = session.transaction().await?;
        expect_organization(&tx, self.org).await?;
        let new = NewUser { name: &self.name, email: &self.email, role: self.role };
        let user = users::insert(&tx, self.org, new).await.map_err(|error| match error.constraint() {
            Some(EMAIL_KEY) => anyhow!(
                "a user of {org} has the address {email} already: `switchboard user list --org {org}` shows who",
                org = self.org,
                email = self.email
            ),
            _ => error.into(),
        })?;
        let entry = Entry {
            organization: self.org,
            actor: Actor::Operator,
            action: "user.create",
            resource: user.id.0,
            trace: None,
            detail: Some(json!({ "role": self.role })),
        };
        audit::insert(&tx, &entry).await?;
        tx.commit().await?;
        let text = format!(
            "Created {role} {id}. Next: switchboard key create --user {id} --name …",
            role = self.role,
            id = user.id
        );
        Ok(output.answer(&json!({ "id": user.id }), &text)?)
    }
}
