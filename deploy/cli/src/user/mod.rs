//! `switchboard user`: the people of an organization.

mod create;
mod list;

use anyhow::bail;
use common::db::{Error, organizations};
use common::domain::ids::OrganizationId;
use deadpool_postgres::GenericClient;

use crate::output::Output;

/// Commands about users.
#[derive(Debug, clap::Subcommand)]
pub enum User {
    /// Add a user to an organization
    Create(create::Create),
    /// List an organization's users, oldest first
    List(list::List),
}

impl User {
    /// Runs the command.
    ///
    /// # Errors
    /// The command's.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(output).await,
            Self::List(list) => list.run(output).await,
        }
    }
}

/// Fails unless there is such an organization.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn expect_organization(client: &impl GenericClient, id: OrganizationId) -> anyhow::Result<()> {
    let found: Result<_, Error> = organizations::find(client, id).await;
    if found?.is_none() {
        bail!("there is no organization {id}: `switchboard org list` shows those there are");
    }
    Ok(())
}
