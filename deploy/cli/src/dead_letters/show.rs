//! `switchboard dead-letters show`.

use anyhow::anyhow;
use common::db::dead_letters::{self, DeadLetter};
use common::db::message_history;
use common::domain::ids::{ConversationId, DeadLetterId, InboxId, MediaId, WebhookId};
use common::queue::Task;
use serde_json::{Value, json};

use super::list::in_json;
use crate::environment;
use crate::output::Output;

/// Arguments of `dead-letters show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Id of the dead letter (dlq_…)
    #[arg(value_name = "ID")]
    id: DeadLetterId,
    /// Also show what it carries, which may be personal data
    #[arg(long)]
    content: bool,
}

impl Show {
    /// Shows the dead letter and what it points at.
    ///
    /// # Errors
    /// When there is no such dead letter or the database fails.
    pub async fn run(&self, output: &Output) -> anyhow::Result<()> {
        let session = environment::session().await?;
        let letter = dead_letters::find(&session, self.id).await?.ok_or_else(|| unknown(self.id))?;
        let mut told = in_json(&letter);
        told["task"] = letter.body.as_deref().map_or(Value::Null, task);
        told["bytes"] = json!(letter.body.as_ref().map(Vec::len));
        if self.content {
            told["body"] = json!(letter.body.as_deref().map(String::from_utf8_lossy));
            told["payload"] = match letter.channel_event {
                Some(event) => message_history::find_payload(&session, event).await?.unwrap_or(Value::Null),
                None => Value::Null,
            };
        }
        Ok(output.answer(&told, &in_words(&letter, &told))?)
    }
}

/// There is no such dead letter.
pub(super) fn unknown(id: DeadLetterId) -> anyhow::Error {
    anyhow!("there is no dead letter {id}: `switchboard dead-letters list --all` shows those there are")
}

/// What a broker message points at; null if it is no task that this version knows.
fn task(body: &[u8]) -> Value {
    match Task::decode(body) {
        Ok(Task::DeliverLanesV1 { lanes }) => {
            let lanes: Vec<_> = lanes
                .iter()
                .map(|pointer| json!({ "conversationId": ConversationId(pointer.lane), "inboxId": InboxId(pointer.inbox) }))
                .collect();
            json!({ "kind": "deliver", "lanes": lanes })
        }
        Ok(Task::ApplyChannelEventsV1 { lanes }) => json!({ "kind": "applyChannelEvents", "lanes": lanes }),
        Ok(Task::FetchMediaV1 { media }) => {
            let media: Vec<_> = media.into_iter().map(MediaId).collect();
            json!({ "kind": "fetchMedia", "media": media })
        }
        Ok(Task::PostWebhooksV1 { webhook }) => {
            json!({ "kind": "postWebhooks", "webhook": WebhookId(webhook) })
        }
        Err(_) => Value::Null,
    }
}

fn in_words(letter: &DeadLetter, told: &Value) -> String {
    let mut text = match letter.channel_event {
        Some(event) => format!("{}: channel event {event} could not be worked off.\n", letter.id),
        None if told["task"].is_null() => {
            format!("{}: a broker message that no version of ours wrote.\n", letter.id)
        }
        None => format!("{}: a pointer to work that was delivered too often.\n", letter.id),
    };
    if let Value::Object(fields) = told {
        for (name, value) in fields.iter().filter(|(name, value)| *name != "id" && !value.is_null()) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!("  {name:<14} {value}\n"));
        }
    }
    if told["state"] == "open" {
        let remedy = match told["task"].is_null() && letter.channel_event.is_none() {
            true => format!(
                "It cannot be replayed; when it is understood: switchboard dead-letters discard {}",
                letter.id
            ),
            false => format!("Once its cause is gone: switchboard dead-letters replay {}", letter.id),
        };
        text.push_str(&remedy);
    }
    text
}
