//! `switchboard retention`: how long logs are kept.

mod set;
mod show;

use common::db::retention::Policy;
use serde_json::{Value, json};

use crate::output::Output;

/// Commands about how long logs are kept.
#[derive(Debug, clap::Subcommand)]
pub enum Retention {
    /// Show the settings of this environment, and organizations that have others
    Show(show::Show),
    /// Keep an organization's logs for another while
    Set(set::Set),
}

impl Retention {
    /// Runs the command.
    ///
    /// # Errors
    /// The command's.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::Show(show) => show.run(output).await,
            Self::Set(set) => set.run(output).await,
        }
    }
}

/// A policy for programs; null where the settings hold.
fn view(policy: &Policy) -> Value {
    json!({
        "eventsDays": policy.events, "deliveriesDays": policy.deliveries, "auditDays": policy.audit,
    })
}
