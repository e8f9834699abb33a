//! The api with the relay and the webhook worker beside it in one process.

use common::domain::ids::EventId;
use common::media::Store;
use common::shutdown::Shutdown;
use common::testing::{Workspace, eventually};
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;
use uuid::Uuid;
use workers::process::Context;

use super::{Options, Receiver, SOON, TestApp};

/// A Switchboard that posts events.
pub struct Hooked {
    /// The api.
    pub app: TestApp,
    /// The organization.
    pub workspace: Workspace,
    shutdown: Shutdown,
    _stop: DropGuard,
}

impl Hooked {
    /// Starts it.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts it with these options.
    pub async fn start_with(options: Options) -> Self {
        let app = TestApp::start_with(options).await;
        let workspace = app.workspace().await;
        let shutdown = Shutdown::default();
        for name in ["relay", "webhooks"] {
            let mut config = app.config().clone();
            config.database.pool = 6;
            let store = Store::open(&config.media.place).unwrap();
            let context = Context::new(config, name, shutdown.clone()).unwrap();
            match name {
                "relay" => workers::relay::start(&context, store),
                _ => workers::webhooks::start(&context).unwrap(),
            }
        }
        let stop = shutdown.token.clone().drop_guard();
        Self { app, workspace, shutdown, _stop: stop }
    }

    /// Starts telling people by email.
    pub async fn tell_people(&self) {
        let mut config = self.app.config().clone();
        config.database.pool = 4;
        config.notifications.mail = Some(super::whole::mail(&self.app).await);
        let context = Context::new(config, "notifications", self.shutdown.clone()).unwrap();
        workers::notifications::start(&context).unwrap();
    }

    /// The emails that somebody has got, oldest first.
    pub async fn emails(&self, recipient: &str) -> Vec<Value> {
        let caught = self.app.provider("GET", &format!("/mail?recipient={recipient}")).send().await;
        caught.expect(200)["emails"].as_array().unwrap().clone()
    }

    /// A call that must be answered so.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
        let mut call = self.app.call(method, path).key(&self.workspace.token);
        if let Some(body) = body {
            call = call.json(&body);
        }
        call.send().await.expect(status)
    }

    /// An endpoint for everything, with these settings beside.
    pub async fn webhook(&self, receiver: &Receiver, more: Value) -> Value {
        let mut body = json!({ "url": receiver.url() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call("POST", "/v1/webhooks", Some(body), 201).await
    }

    /// Writes events that tell the numbers `numbers`, in one transaction each.
    pub async fn emit(&self, kind: &str, conversation: Option<Uuid>, numbers: std::ops::Range<i64>) {
        self.emit_of(self.workspace.inbox.0, kind, conversation, numbers).await;
    }

    /// The same, of this inbox.
    pub async fn emit_of(
        &self,
        inbox: Uuid,
        kind: &str,
        conversation: Option<Uuid>,
        numbers: std::ops::Range<i64>,
    ) {
        let client = self.app.pool().get().await.unwrap();
        let sql = "INSERT INTO events (id, organization_id, type, inbox_id, conversation_id, payload)
            VALUES ($1, $2, $3, $4, $5, $6)";
        for n in numbers {
            let (id, organization) = (EventId::new().0, self.workspace.organization.0);
            let payload = json!({ "n": n });
            client.execute(sql, &[&id, &organization, &kind, &inbox, &conversation, &payload]).await.unwrap();
        }
    }

    /// The deliveries of an endpoint, newest first.
    pub async fn deliveries(&self, webhook: &Value, query: &str) -> Vec<Value> {
        let path = format!("/v1/webhooks/{}/deliveries?{query}", webhook["id"].as_str().unwrap());
        self.call("GET", &path, None, 200).await["deliveries"].as_array().unwrap().clone()
    }

    /// The only delivery of an endpoint with its tries, once it stands so.
    pub async fn delivery(&self, webhook: &Value, status: &str) -> Value {
        let id = webhook["id"].as_str().unwrap();
        eventually("the delivery stands so", SOON, async || {
            let found = self.deliveries(webhook, "").await;
            let fits = found.len() == 1 && found[0]["status"] == status;
            if !fits {
                return Err(found);
            }
            let path = format!("/v1/webhooks/{id}/deliveries/{}", found[0]["id"].as_str().unwrap());
            Ok(self.call("GET", &path, None, 200).await)
        })
        .await
    }
}
