//! `switchboard message`: what happened to a message.

mod history;
mod json;
mod show;
mod story;
mod text;

use crate::output::Output;

/// Commands about messages.
#[derive(Debug, clap::Subcommand)]
pub enum Message {
    /// Tell all that happened to a message, in words
    Show(show::Show),
}

impl Message {
    /// Runs the command.
    ///
    /// # Errors
    /// The command's.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Show(show) => show.run(output).await,
        }
    }
}
