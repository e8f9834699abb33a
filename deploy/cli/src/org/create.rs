//! `switchboard org create`.

use common::db::audit::{self, Actor, Entry};
use common::db::organizations;
use serde_json::json;

use crate::environment;
use crate::output::Output;
use crate::parse;

/// Arguments of `org create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Name of the organization
    #[arg(long, value_parser = parse::name)]
    name: String,
}

impl Create {
    /// Creates the organization and tells its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let tx = session.transaction().await?;
        let organization = organizations::insert(&tx, &self.name).await?;
        let entry = Entry {
            organization: organization.id,
            actor: Actor::Operator,
            action: "organization.create",
            resource: organization.id.0,
            trace: None,
            detail: Some(json!({ "name": self.name })),
        };
        audit::insert(&tx, &entry).await?;
        tx.commit().await?;
        let text = format!(
            "Created organization {id}. Next: switchboard user create --org {id} --name … --email … --role owner",
            id = organization.id
        );
        Ok(output.answer(&json!({ "id": organization.id }), &text)?)
    }
}
