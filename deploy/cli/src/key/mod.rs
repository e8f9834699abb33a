//! `switchboard key`: API keys.

mod create;
mod list;
mod revoke;

use crate::output::Output;

/// Commands about API keys.
#[derive(Debug, clap::Subcommand)]
pub enum Key {
    /// Create a key of a user; it is shown once
    Create(create::Create),
    /// List an organization's keys, oldest first
    List(list::List),
    /// Revoke a key for good
    Revoke(revoke::Revoke),
}

impl Key {
    /// Runs the command.
    ///
    /// # Errors
    /// The command's.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(output).await,
            Self::List(list) => list.run(output).await,
            Self::Revoke(revoke) => revoke.run(output).await,
        }
    }
}
