//! Many replies at once.

use common::domain::ids::ConversationId;
use futures_util::{StreamExt, stream};

use crate::{Client, System};

/// A reply that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// Its text, which is unlike every other's.
    pub text: String,
    /// Its conversation.
    pub conversation: ConversationId,
}

/// Replies to send: to each conversation so many.
#[derive(Debug, Clone)]
pub struct Load {
    /// The conversations.
    pub conversations: Vec<ConversationId>,
    /// Replies to each.
    pub each: usize,
    /// First word of every text.
    pub name: String,
    /// Requests at once.
    pub at_once: usize,
}

impl System {
    /// Begins conversations with as many contacts, whose addresses begin with `prefix`.
    pub async fn conversations(&self, prefix: &str, count: usize) -> Vec<ConversationId> {
        let mut conversations = Vec::with_capacity(count);
        for number in 0..count {
            let address = format!("{prefix}{number:04}");
            conversations.push(self.workspace.conversation(self.database.pool(), &address).await);
        }
        conversations
    }

    /// Lets the inbox send so many messages a second.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_pace(&self, pace: i32) -> anyhow::Result<()> {
        let client = self.database.pool().get().await?;
        client.execute("UPDATE inboxes SET pace = $1", &[&pace]).await?;
        Ok(())
    }
}

impl Load {
    /// So many replies to each of these conversations.
    pub fn new(name: &str, conversations: Vec<ConversationId>, each: usize) -> Self {
        Self { conversations, each, name: name.into(), at_once: 32 }
    }

    /// Sends them all, as a careful client does: again, with the same idempotency key, until each is accepted.
    pub async fn send(self, client: Client) -> Vec<Sent> {
        let Self { conversations, each, name, at_once } = self;
        let replies = (0..each)
            .flat_map(|turn| conversations.iter().enumerate().map(move |(place, id)| (turn, place, *id)));
        let sends = replies.map(|(turn, place, conversation)| {
            let (client, text) = (client.clone(), format!("{name}-{place}-{turn}"));
            async move {
                let message = client.reply_insistently(conversation, &text).await;
                Sent { id: message["id"].as_str().unwrap_or_default().to_owned(), text, conversation }
            }
        });
        stream::iter(sends.collect::<Vec<_>>()).buffer_unordered(at_once).collect().await
    }
}
