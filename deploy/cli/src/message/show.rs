//! `switchboard message show`.

use anyhow::anyhow;
use common::domain::ids::MessageId;

use super::history::History;
use super::{json, text};
use crate::environment;
use crate::output::Output;

/// Arguments of `message show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Id of the message (msg_…)
    #[arg(value_name = "MESSAGE")]
    id: MessageId,
    /// Also show what it says, names and addresses, which are personal data
    #[arg(long)]
    content: bool,
}

impl Show {
    /// Tells all that is known about the message.
    ///
    /// # Errors
    /// When there is no such message or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        let history = History::load(&mut session, self.id).await?;
        let history = history.ok_or_else(|| {
            anyhow!(
                "there is no message {}: look for its id in the API's answer, the logs or the event log",
                self.id
            )
        })?;
        let text = text::tell(&history, self.content);
        Ok(output.answer(&json::tell(&history, self.content), &text)?)
    }
}
