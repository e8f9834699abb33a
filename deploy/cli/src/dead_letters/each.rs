//! Does something to several dead letters, each in a transaction of its own, and tells how each fared.

use common::db::dead_letters::{self, DeadLetter};
use common::domain::ids::DeadLetterId;
use deadpool_postgres::{Object, Transaction};
use serde_json::{Value, json};

use super::show::unknown;
use super::state;
use crate::failure::{Told, in_one_line};
use crate::output::Output;

/// What is done to a dead letter that is locked.
pub(super) trait Act {
    /// What was done, for the answer, such as `replayed`.
    const DONE: &'static str;

    /// Does it within the transaction; the text says what follows.
    async fn act(&self, tx: &Transaction<'_>, letter: &DeadLetter) -> anyhow::Result<String>;
}

/// Acts on each; fails if any failed, after all were tried.
pub(super) async fn each<A: Act>(
    session: &mut Object,
    ids: &[DeadLetterId],
    output: &Output,
    act: &A,
) -> anyhow::Result<()> {
    let (mut results, mut lines, mut failed): (Vec<Value>, Vec<String>, bool) =
        (Vec::new(), Vec::new(), false);
    for id in ids {
        match one(session, *id, act).await {
            Ok(follows) => {
                results.push(json!({ "id": id, A::DONE: true }));
                lines.push(format!("{id} {}: {follows}", A::DONE));
            }
            Err(error) => {
                failed = true;
                let line = in_one_line(&error);
                output.complain(&format!("{id} not {}: {line}", A::DONE));
                results.push(json!({ "id": id, A::DONE: false, "error": line }));
            }
        }
    }
    output.answer(&json!({ "results": results }), &lines.join("\n"))?;
    if failed { Err(Told.into()) } else { Ok(()) }
}

async fn one<A: Act>(session: &mut Object, id: DeadLetterId, act: &A) -> anyhow::Result<String> {
    let tx = session.transaction().await?;
    let letter = dead_letters::lock(&tx, id).await?.ok_or_else(|| unknown(id))?;
    if state(&letter) != "open" {
        anyhow::bail!("it was {} already, and nothing is left to do", state(&letter));
    }
    let follows = act.act(&tx, &letter).await?;
    tx.commit().await?;
    Ok(follows)
}
