//! `switchboard contact`: contacts.

mod erase;

use crate::output::Output;

/// Commands about contacts.
#[derive(Debug, clap::Subcommand)]
pub enum Contact {
    /// Forget a contact for good: name, addresses, conversations, messages
    Erase(erase::Erase),
}

impl Contact {
    /// Runs the command.
    ///
    /// # Errors
    /// The command's.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Erase(erase) => erase.run(output).await,
        }
    }
}
