//! Reads whole conversations through the api, as a client does.

use serde_json::Value;

use crate::Client;

impl Client {
    /// Every message of a conversation, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn messages(&self, conversation: &str) -> anyhow::Result<Vec<Value>> {
        let mut messages: Vec<Value> = Vec::new();
        loop {
            let from = messages.last().and_then(|last| last["id"].as_str().map(|id| format!("&idFrom={id}")));
            let path =
                format!("/v1/conversations/{conversation}/messages?limit=100{}", from.unwrap_or_default());
            let page = self.api_get(&path).await?;
            // The message that was asked from comes again.
            messages.pop();
            messages.extend(page["messages"].as_array().cloned().unwrap_or_default());
            if page["hasMore"] != true {
                return Ok(messages);
            }
        }
    }

    /// The texts of a conversation, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn texts(&self, conversation: &str) -> anyhow::Result<Vec<String>> {
        let text = |message: &Value| message["content"]["text"].as_str().unwrap_or_default().to_owned();
        Ok(self.messages(conversation).await?.iter().map(text).collect())
    }

    /// The conversation with a contact's address.
    ///
    /// # Errors
    /// When there is none among the newest hundred.
    pub async fn conversation_with(&self, address: &str) -> anyhow::Result<Value> {
        let list = self.api_get("/v1/conversations?pageSize=100").await?;
        let mut found = list["conversations"].as_array().into_iter().flatten();
        let found = found.find(|conversation| conversation["contact"]["address"] == address);
        found.cloned().ok_or_else(|| anyhow::anyhow!("no conversation with {address} in {list}"))
    }

    /// The texts of the conversation with a contact's address, oldest first.
    ///
    /// # Errors
    /// When there is none.
    pub async fn texts_with(&self, address: &str) -> anyhow::Result<Vec<String>> {
        let conversation = self.conversation_with(address).await?;
        self.texts(conversation["id"].as_str().unwrap_or_default()).await
    }
}
