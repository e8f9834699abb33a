//! Seed 002 (inboxes), sentence by sentence: each test is named after one and calls the API as the seed writes it.

mod assign_team_to_inbox;
mod clear_team_from_inbox;
mod create_inbox;
mod delete_inbox;
mod get_inboxes;
mod list_waba_phone_numbers;
mod list_whatsapp_templates;

use common::domain::ids::TeamId;
use common::domain::principal::Role;
use common::testing::{Workspace, eventually};
use serde_json::{Value, json};

use crate::support::{Answer, SOON, TestApp, Whole};

const WABA: &str = "123456789012345";
const NUMBER: &str = "112233445566778";
const TOKEN: &str = "seed-access-token";

/// An api with one organization, whose business account at the provider has the seed's numbers and is connected.
struct Seed {
    app: TestApp,
    workspace: Workspace,
}

impl Seed {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let seed = Self { app, workspace };
        seed.account(WABA, &[NUMBER, "112233445566779"]).await;
        seed.connect(WABA).await;
        seed
    }

    /// A business account at the provider.
    async fn account(&self, waba: &str, numbers: &[&str]) {
        let number = |id: &&str| json!({ "id": id, "displayPhoneNumber": "+48 123 456 789", "verifiedName": "Support WhatsApp" });
        let account = json!({
            "wabaId": waba, "accessToken": TOKEN, "appSecret": "seed-secret", "verifyToken": "seed-verify",
            "phoneNumbers": numbers.iter().map(number).collect::<Vec<_>>(),
            "templates": [
                { "id": "987654321", "name": "order_ready", "language": "en", "category": "UTILITY", "components": [
                    { "type": "BODY", "text": "Hi {{1}}, your order {{2}} is ready for pickup." },
                ] },
                { "name": "soon", "language": "en", "status": "PENDING", "components": [{ "type": "BODY", "text": "Soon" }] },
                { "name": "refused", "language": "en", "status": "REJECTED", "components": [{ "type": "BODY", "text": "No" }] },
            ],
        });
        let answer = self.app.provider("POST", "/control/accounts").json(&account).send().await;
        assert!(answer.status < 300, "{}", answer.text);
    }

    async fn connect(&self, waba: &str) {
        let body = json!({
            "channel": "whatsapp", "externalId": waba, "accessToken": TOKEN, "appSecret": "seed-secret",
            "verifyToken": "seed-verify", "apiUrl": self.app.provider,
        });
        self.app.post("/v1/connections").key(&self.workspace.token).json(&body).send().await.expect(201);
    }

    /// A call as the seed writes it: a path below `/v1` and a bearer token.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_as(&self.workspace.token, method, path, body).await
    }

    async fn call_as(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let call = self.app.call(method, &format!("/v1{path}")).key(key);
        match body {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    }

    /// The inbox of the seed's request.
    async fn inbox(&self) -> Value {
        let body = json!({ "whatsapp": { "resourceIds": [WABA], "phoneNumberIds": [NUMBER] } });
        self.call("POST", "/inboxes", Some(body)).await.expect(200)["inboxes"][0].clone()
    }

    async fn inbox_id(&self) -> String {
        self.inbox().await["id"].as_str().unwrap().to_owned()
    }

    async fn team(&self, of: &Workspace, name: &str) -> TeamId {
        let id = TeamId::new();
        let (team, organization) = (id.0, of.organization.0);
        self.app
            .execute(&format!(
                "INSERT INTO teams (id, organization_id, name) VALUES ('{team}', '{organization}', '{name}')"
            ))
            .await;
        id
    }

    /// "Allowed roles", "Required scopes": whoever lacks them is told which.
    async fn takes(&self, (method, path): (&str, &str), body: Option<Value>, scope: &str, agents: bool) {
        let role = if agents { Role::Agent } else { Role::Admin };
        let scopes = [scope.parse().unwrap()];
        let least = self.app.key(&self.workspace, role, &scopes).await;
        let answer = self.call_as(&least, method, path, body.clone()).await;
        assert!(![401, 403].contains(&answer.status), "{}", answer.text);
        let other = [common::domain::principal::Scope::MediaRead];
        let without = self.app.key(&self.workspace, Role::Owner, &other).await;
        let refused = self.call_as(&without, method, path, body.clone()).await;
        let told = refused.problem(403, "insufficient_scope")["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(scope), "{told}");
        if !agents {
            let agent = self.app.key(&self.workspace, Role::Agent, &[]).await;
            let refused = self.call_as(&agent, method, path, body).await;
            let told = refused.problem(403, "insufficient_scope")["detail"].as_str().unwrap().to_owned();
            assert!(told.contains(scope) && told.contains("role admin"), "{told}");
        }
        self.app.call(method, &format!("/v1{path}")).send().await.problem(401, "missing_credentials");
    }

    /// What another organization has is not there.
    async fn is_not_there_for_others(&self, method: &str, path: &str, body: Option<Value>) {
        let stranger = self.app.workspace().await;
        self.call_as(&stranger.token, method, path, body).await.problem(404, "not_found");
    }
}

/// The fields of an inbox, and of what is in it, as the seed shows them.
#[track_caller]
fn assert_shape(inbox: &Value) {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let expected = "channel config createdAt createdBy externalId id name status teamId tenantId updatedAt";
    assert_eq!(keys(inbox).join(" "), expected);
    assert_eq!(keys(&inbox["status"]), ["reasons", "state"]);
    assert_eq!(keys(&inbox["config"]), ["phoneNumberId"]);
    for (field, prefix) in [("id", "ibx_"), ("tenantId", "tn_"), ("createdBy", "usr_")] {
        assert!(inbox[field].as_str().unwrap().starts_with(prefix), "{inbox}");
    }
}
