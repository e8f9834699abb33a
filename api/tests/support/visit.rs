//! Links, and visitors who have begun a session by one.

use serde_json::{Value, json};

use super::TestApp;
use common::testing::Workspace;

/// All seven permissions.
pub fn all_permissions() -> Value {
    json!({
        "readInbox": true, "readDetails": true, "markRead": true, "sendText": true, "sendMedia": true,
        "sendTemplates": true, "sendAdvanced": true,
    })
}

/// A link and a session of it.
pub struct Visit {
    /// The link as its owner sees it.
    pub link: Value,
    /// The session's token.
    pub token: String,
}

impl TestApp {
    /// Makes a link on a number of the workspace's inbox, which it must not have yet.
    pub async fn link(&self, of: &Workspace, permissions: &Value) -> Value {
        let number = of.phone_number(self.pool()).await;
        let body = json!({ "phoneNumberId": number.0, "name": "Vendor", "permissions": permissions });
        let made = self.post("/v1/shared-inbox-links").key(&of.token).json(&body).send().await.expect(201);
        made["data"].clone()
    }

    /// Exchanges the token of a link or embed.
    pub async fn exchange(&self, token: &str) -> super::Answer {
        self.post("/v1/shared-inbox/sessions").json(&json!({ "token": token })).send().await
    }

    /// Makes a link and begins a session by it.
    pub async fn visit(&self, of: &Workspace, permissions: &Value) -> Visit {
        let link = self.link(of, permissions).await;
        let begun = self.exchange(link_token(&link)).await.expect(201);
        Visit { link, token: begun["data"]["token"].as_str().unwrap().to_owned() }
    }
}

/// The token that a link's public URL ends in.
pub fn link_token(link: &Value) -> &str {
    link["publicUrl"].as_str().unwrap().rsplit('/').next().unwrap()
}
