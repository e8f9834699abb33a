//! `switchboard dead-letters`: what could not be worked off.

mod audit;
mod discard;
mod each;
mod list;
mod replay;
mod show;

use common::db::dead_letters::DeadLetter;

use crate::output::Output;

/// Commands about dead letters.
#[derive(Debug, clap::Subcommand)]
pub enum DeadLetters {
    /// List dead letters that nobody has acted on, the newest last
    List(list::List),
    /// Show one dead letter
    Show(show::Show),
    /// Give dead letters back to be worked off
    Replay(replay::Replay),
    /// Give dead letters up
    Discard(discard::Discard),
}

impl DeadLetters {
    /// Runs the command.
    ///
    /// # Errors
    /// The command's.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        match self {
            Self::List(list) => list.run(output).await,
            Self::Show(show) => show.run(output).await,
            Self::Replay(replay) => replay.run(output).await,
            Self::Discard(discard) => discard.run(output).await,
        }
    }
}

/// `open`, `replayed` or `discarded`.
fn state(letter: &DeadLetter) -> &'static str {
    if letter.discarded_at.is_some() {
        "discarded"
    } else if letter.replayed_at.is_some() {
        "replayed"
    } else {
        "open"
    }
}
