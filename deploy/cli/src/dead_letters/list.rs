//! `switchboard dead-letters list`.

use common::db::dead_letters::{self, DeadLetter};
use serde_json::{Value, json};

use super::state;
use crate::environment;
use crate::output::{Output, table};
use crate::parse::shown;

/// Arguments of `dead-letters list`.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Also those that were replayed or discarded
    #[arg(long)]
    all: bool,
    /// At most so many, the newest
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
}

impl List {
    /// Lists dead letters.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let letters = dead_letters::list(&environment::session().await?, self.all, self.limit).await?;
        let json: Vec<_> = letters.iter().map(in_json).collect();
        let rows: Vec<_> = letters
            .iter()
            .map(|letter| {
                let (id, source) = (letter.id.to_string(), letter.source.to_string());
                vec![id, shown(letter.created_at), state(letter).to_owned(), source, letter.reason.clone()]
            })
            .collect();
        let text = match rows.as_slice() {
            [] => "There are no dead letters.".to_owned(),
            rows => table(&["ID", "SINCE", "STATE", "SOURCE", "REASON"], rows),
        };
        Ok(output.answer(&json!({ "deadLetters": json }), &text)?)
    }
}

/// A dead letter without what it carries.
pub(super) fn in_json(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id, "state": state(letter), "source": letter.source.as_str(), "route": letter.route,
        "organizationId": letter.organization, "channelEvent": letter.channel_event, "reason": letter.reason,
        "createdAt": shown(letter.created_at), "replayedAt": letter.replayed_at.map(shown),
        "discardedAt": letter.discarded_at.map(shown),
    })
}
