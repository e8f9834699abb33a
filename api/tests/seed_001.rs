//! Seed 001 (conversations), sentence by sentence: each test is named after one and calls the API as the seed writes it.

mod archive_a_conversation;
mod assign_a_conversation_to_a_team_member;
mod get_messages_of_a_conversation;
mod list_inbox_conversations;
mod list_users_assignable_to_conversations;
mod mark_a_conversation_as_read;
mod remove_the_assignee_from_a_conversation;
mod send_a_reply_to_a_conversation;

use common::domain::ids::{ConversationId, UserId};
use common::domain::message::Status;
use common::testing::{Workspace, eventually};
use serde_json::{Value, json};

use crate::support::{Answer, Options, SOON, TestApp, Whole};

/// An api with one organization, which has one conversation.
struct Seed {
    app: TestApp,
    workspace: Workspace,
    chat: String,
}

const CONTACT: &str = "15550001111";

impl Seed {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let chat = workspace.conversation(app.pool(), CONTACT).await.to_string();
        Self { app, workspace, chat }
    }

    /// A call with the header that the seed's vendor uses.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let path = format!("/v1{}", path.replace("{chatId}", &self.chat));
        let call = self.app.call(method, &path).header("X-Api-Key", &self.workspace.token);
        match body {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.call("GET", path, None).await.expect(200)
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let page = self.get(&format!("/conversations?{query}")).await;
        let conversations = page["conversations"].as_array().unwrap();
        conversations.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }

    async fn reply(&self, text: &str) -> Value {
        let content = json!({ "type": "text", "text": text });
        let body = json!({ "conversationId": self.chat, "content": content });
        self.call("POST", "/conversations/reply", Some(body)).await.expect(202)
    }

    /// 204 "with no response body".
    async fn done(&self, method: &str, path: &str) {
        let answer = self.call(method, path, None).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{method} {path}");
    }

    async fn assign(&self, user: impl ToString) -> Answer {
        self.call("POST", "/conversations/{chatId}/assignee", Some(json!({ "userId": user.to_string() })))
            .await
    }

    async fn chat(&self) -> Value {
        self.get("/conversations/{chatId}").await
    }

    async fn colleague(&self, name: &str) -> UserId {
        let id = UserId::new();
        self.app
            .execute(&format!(
                "INSERT INTO users (id, organization_id, name, email, role, avatar_url)
                VALUES ('{}', '{}', '{name}', '{name}@example.com', 'agent', 'https://x.example/{name}.png')",
                id.0, self.workspace.organization.0
            ))
            .await;
        id
    }

    /// "A 401 response means the API key is missing or invalid."
    async fn asks_for_a_key(&self, method: &str, path: &str) {
        let path = format!("/v1{}", path.replace("{chatId}", &self.chat));
        self.app.call(method, &path).send().await.problem(401, "missing_credentials");
        let invalid = self.app.call(method, &path).header("X-Api-Key", "sk_org_invalid");
        invalid.send().await.problem(401, "invalid_key");
    }

    /// "Returns 404 if the conversation does not exist or does not belong to your account."
    async fn is_not_there_for_others(&self, method: &str, path: &str, body: Option<Value>) {
        let theirs = self.app.workspace().await;
        let theirs = theirs.conversation(self.app.pool(), "15550009999").await;
        for id in [theirs, ConversationId::new()] {
            let path = path.replace("{chatId}", &id.to_string());
            self.call(method, &path, body.clone()).await.problem(404, "not_found");
        }
    }
}
