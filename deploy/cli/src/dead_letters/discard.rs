//! `switchboard dead-letters discard`.

use common::db::dead_letters::{self, DeadLetter};
use common::domain::ids::DeadLetterId;
use deadpool_postgres::Transaction;

use super::audit;
use super::each::{Act, each};
use crate::environment;
use crate::output::Output;

/// Arguments of `dead-letters discard`.
#[derive(Debug, clap::Args)]
pub struct Discard {
    /// Ids of dead letters (dlq_…)
    #[arg(value_name = "ID", required = true)]
    ids: Vec<DeadLetterId>,
}

impl Discard {
    /// Gives the dead letters up; what they carry is kept.
    ///
    /// # Errors
    /// When one is unknown or was acted on before, or the database fails; the others are discarded all the same.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let mut session = environment::session().await?;
        each(&mut session, &self.ids, output, &Discarding).await
    }
}

struct Discarding;

impl Act for Discarding {
    const DONE: &'static str = "discarded";

    async fn act(&self, tx: &Transaction<'_>, letter: &DeadLetter) -> anyhow::Result<String> {
        dead_letters::set_discarded(tx, letter.id).await?;
        audit::note(tx, letter, "dead_letter.discard").await?;
        Ok("it will not be worked off".to_owned())
    }
}
