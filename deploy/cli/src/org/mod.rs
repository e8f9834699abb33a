//! `switchboard org`: organizations.

mod create;
mod list;

use crate::output::Output;

/// Commands about organizations.
#[derive(Debug, clap::Subcommand)]
pub enum Org {
    /// Create an organization
    Create(create::Create),
    /// List all organizations, oldest first
    List(list::List),
}

impl Org {
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
