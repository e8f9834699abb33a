//! The api with its workers beside it in one process, and a contact on the sandbox's other end.

use std::time::Duration;

use common::channels::Channel;
use common::config::{Mail, Secret};
use common::media::Store;
use common::shutdown::Shutdown;
use common::testing::{Workspace, eventually};
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;
use workers::process::Context;

use super::TestApp;

/// How long anything may take here, on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

/// A whole Switchboard with one organization, whose number the sandbox knows.
pub struct Whole {
    /// The api.
    pub app: TestApp,
    /// The organization.
    pub workspace: Workspace,
    _stop: DropGuard,
}

impl Whole {
    /// Starts everything.
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let shutdown = Shutdown::default();
        let mail = mail(&app).await;
        for name in ["relay", "inbound", "outbound", "notifications"] {
            let mut config = app.config().clone();
            config.database.pool = 4;
            config.notifications.mail = Some(mail.clone());
            // A burst ends at once: how long it may last is a matter of the notifications' own tests.
            config.notifications.delay = Duration::ZERO;
            let store = Store::open(&config.media.place).unwrap();
            let context = Context::new(config, name, shutdown.clone()).unwrap();
            match name {
                "relay" => workers::relay::start(&context, store),
                "inbound" => {
                    workers::inbound::start(&context);
                    workers::media::start(&context, store).unwrap();
                }
                "outbound" => workers::outbound::start(&context, Channel::Whatsapp, 16).unwrap(),
                _ => workers::notifications::start(&context).unwrap(),
            }
        }
        let number = &workspace.phone_number_id;
        let account = json!({
            "wabaId": format!("waba-{number}"),
            "accessToken": "sandbox-access-token",
            "appSecret": "sandbox-app-secret",
            "verifyToken": "sandbox-verify-token",
            "webhookUrl": app.url("/channels/whatsapp/webhook"),
            "phoneNumbers": [{ "id": number, "displayPhoneNumber": "+1 555-000-0001", "verifiedName": "Test" }],
        });
        app.provider("POST", "/control/accounts").json(&account).send().await.expect(201);
        Self { app, workspace, _stop: shutdown.token.drop_guard() }
    }

    /// A GET of the api, which must be 200.
    pub async fn get(&self, path: &str) -> Value {
        self.app.get(path).key(&self.workspace.token).send().await.expect(200)
    }

    /// A call of the api without a body; its status.
    pub async fn call(&self, method: &str, path: &str) -> u16 {
        self.app.call(method, path).key(&self.workspace.token).send().await.status
    }

    /// A reply with a text, which must be accepted.
    pub async fn reply(&self, conversation: &str, text: &str) -> Value {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
        let call = self.app.post("/v1/conversations/reply").key(&self.workspace.token).json(&body);
        call.send().await.expect(202)
    }

    /// A contact writes a text; the provider's id of it.
    pub async fn contact_writes(&self, contact: &str, text: &str) -> String {
        let body = json!({
            "to": self.workspace.phone_number_id, "name": "Ada", "type": "text", "text": { "body": text },
        });
        let path = format!("/contacts/{contact}/messages");
        let answer = self.app.provider("POST", &path).json(&body).send().await.expect(201);
        answer["id"].as_str().unwrap().to_owned()
    }

    /// What the contact's phone shows.
    pub async fn phone(&self, contact: &str) -> Vec<Value> {
        let path = format!("/contacts/{contact}/messages");
        let shown = self.app.provider("GET", &path).send().await.expect(200);
        shown["messages"].as_array().unwrap().clone()
    }

    /// The emails that a user has got, oldest first.
    pub async fn emails(&self, recipient: &str) -> Vec<Value> {
        let caught = self.app.provider("GET", &format!("/mail?recipient={recipient}")).send().await;
        caught.expect(200)["emails"].as_array().unwrap().clone()
    }

    /// Waits until the list (with this query) has a conversation of the contact whose last message is this one.
    pub async fn listed(&self, query: &str, contact: &str, last: &str) -> Value {
        let path = format!("/v1/conversations?{query}");
        eventually("the conversation is listed", SOON, async || {
            let page = self.get(&path).await;
            let fits = |conversation: &&Value| {
                conversation["contact"]["address"] == contact
                    && conversation["lastMessage"]["preview"] == last
            };
            page["conversations"].as_array().unwrap().iter().find(fits).cloned().ok_or(page.to_string())
        })
        .await
    }

    /// A conversation that a contact has begun with a text.
    pub async fn conversation(&self, contact: &str, text: &str) -> String {
        self.contact_writes(contact, text).await;
        self.listed("", contact, text).await["id"].as_str().unwrap().to_owned()
    }
}

/// The sandbox's mail server.
pub(super) async fn mail(app: &TestApp) -> Mail {
    let address = eventually("the mail server listens", SOON, async || {
        let told = app.provider("GET", "/mail").send().await.expect(200);
        told["address"].as_str().map(str::to_owned).ok_or(told)
    })
    .await;
    Mail {
        smtp_url: Secret::new(format!("smtp://{address}")),
        from: "Inbox <inbox@example.com>".parse().unwrap(),
        conversation_url: "https://app.example.com/inbox/{conversationId}".into(),
    }
}
