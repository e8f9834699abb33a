//! `switchboard purge`.

use std::collections::BTreeMap;

use common::db::retention::Pass;
use serde_json::json;

use crate::environment;
use crate::output::{Output, table};

/// Arguments of `purge`.
#[derive(Debug, clap::Args)]
pub struct Purge {}

impl Purge {
    /// Removes what is past its age, lot by lot; what was removed stays so if it is broken off.
    ///
    /// # Errors
    /// When a setting or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let settings = environment::retention()?;
        let pool = environment::pool()?;
        let (mut pass, mut removed) = (Pass::default(), BTreeMap::<_, u64>::new());
        while let Some(purged) = pass.step(&pool, &settings).await? {
            *removed.entry(purged.table).or_default() += purged.rows;
        }
        removed.retain(|_, rows| *rows > 0);
        let rows: Vec<_> =
            removed.iter().map(|(table, rows)| vec![(*table).to_owned(), rows.to_string()]).collect();
        let text = if rows.is_empty() {
            "Nothing is past its age.".to_owned()
        } else {
            table(&["LOG", "ROWS REMOVED"], &rows)
        };
        Ok(output.answer(&json!({ "removed": removed }), &text)?)
    }
}
