//! The business profile of an inbox: read from and changed at the provider.

use serde_json::{Value, json};

use crate::support::TestApp;

const WABA: &str = "100000000000001";
const NUMBER: &str = "200000000000001";

struct Shop {
    app: TestApp,
    token: String,
    inbox: String,
}

impl Shop {
    /// A WhatsApp number that the provider knows.
    async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let connection = json!({ "channel": "whatsapp", "externalId": WABA, "accessToken": "sandbox-access-token",
            "appSecret": "secret", "verifyToken": "verify", "apiUrl": app.provider });
        let inbox = json!({ "whatsapp": { "resourceIds": [WABA], "phoneNumberIds": [NUMBER] } });
        let inbox = connect(&app, &workspace.token, &connection, &inbox).await;
        Self { app, token: workspace.token, inbox }
    }

    fn path(&self) -> String {
        format!("/v1/inboxes/{}", self.inbox)
    }

    async fn profile(&self) -> Value {
        let path = format!("{}?include=businessProfile", self.path());
        self.app.get(&path).key(&self.token).send().await.expect(200)["businessProfile"].clone()
    }

    async fn change(&self, profile: Value) -> crate::support::Answer {
        let body = json!({ "businessProfile": profile });
        self.app.call("PATCH", &self.path()).key(&self.token).json(&body).send().await
    }

    async fn at_the_provider(&self) -> Value {
        let accounts = self.app.provider("GET", "/control/accounts").send().await.expect(200);
        let account =
            accounts["accounts"].as_array().unwrap().iter().find(|one| one["wabaId"] == WABA).unwrap();
        account["phoneNumbers"][0]["businessProfile"].clone()
    }

    async fn token_expires(&self, expired: bool) {
        let path = format!("/control/accounts/{WABA}");
        self.app.provider("PATCH", &path).json(&json!({ "tokenExpired": expired })).send().await.expect(200);
    }
}

async fn connect(app: &TestApp, token: &str, connection: &Value, inbox: &Value) -> String {
    app.post("/v1/connections").key(token).json(connection).send().await.expect(201);
    let created = app.post("/v1/inboxes").key(token).json(inbox).send().await.expect(200);
    created["inboxes"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_profile_is_changed_at_the_provider_and_shown_when_asked_for() {
    let shop = Shop::start().await;
    assert_eq!(shop.profile().await, json!({}));
    let plain = shop.app.get(&shop.path()).key(&shop.token).send().await.expect(200);
    assert!(plain.get("businessProfile").is_none(), "nobody asked: {plain}");
    let profile = json!({ "about": "We answer", "address": "1 Road\nTown", "description": "Shoes", "email": "us@shop.example",
        "vertical": "RETAIL", "websites": ["https://shop.example/"] });
    let changed = shop.change(profile.clone()).await.expect(200);
    assert_eq!(changed["businessProfile"], profile);
    assert_eq!((shop.profile().await, shop.at_the_provider().await), (profile.clone(), profile.clone()));
    // What is left out stays, and what is empty goes.
    shop.change(json!({ "email": "", "websites": [] })).await.expect(200);
    let mut left = profile;
    left.as_object_mut().unwrap().retain(|field, _| !["email", "websites"].contains(&field.as_str()));
    assert_eq!(shop.profile().await, left);
    let noted = "SELECT count(*) FROM audit_log WHERE action = 'inbox.update' AND detail ->> 'businessProfile' = 'true'";
    assert_eq!(shop.app.count(noted).await, 2);
}

#[tokio::test]
async fn what_the_provider_would_not_take_is_refused_by_field() {
    let shop = Shop::start().await;
    for (profile, status, code, fields) in [
        (
            json!({ "about": "" }),
            422,
            "invalid_request",
            vec!["businessProfile.about", "businessProfile.about"],
        ),
        (json!({ "about": "x".repeat(140) }), 422, "invalid_request", vec!["businessProfile.about"]),
        (json!({ "about": null }), 400, "required_field_missing", vec!["businessProfile.about"]),
        (json!({ "name": "Shop" }), 422, "unknown_field", vec!["businessProfile.name"]),
        (
            json!({ "address": "x".repeat(257), "description": "x".repeat(513), "email": "nobody", "vertical": "SHOES",
                "websites": ["ftp://shop.example", "shop.example", "https://c.example"] }),
            422,
            "invalid_request",
            vec![
                "businessProfile.address",
                "businessProfile.description",
                "businessProfile.email",
                "businessProfile.vertical",
                "businessProfile.websites",
                "businessProfile.websites[0]",
                "businessProfile.websites[1]",
            ],
        ),
    ] {
        let mut refused = shop.change(profile.clone()).await.fields(status, code);
        refused.dedup();
        let mut fields = fields;
        fields.dedup();
        assert_eq!(refused, fields, "{profile}");
    }
    let unknown = format!("{}?include=everything", shop.path());
    let refused = shop.app.get(&unknown).key(&shop.token).send().await;
    assert_eq!(refused.fields(400, "invalid_parameter"), ["include"]);
    assert_eq!(shop.at_the_provider().await, Value::Null);
}

#[tokio::test]
async fn a_provider_that_refuses_is_told_with_its_reason_and_an_answer_is_used_for_a_while() {
    let shop = Shop::start().await;
    shop.token_expires(true).await;
    let asked = format!("{}?include=businessProfile", shop.path());
    let refused = shop.app.get(&asked).key(&shop.token).send().await.problem(502, "provider_refused");
    assert!(refused["detail"].as_str().unwrap().contains("access token"), "{refused}");
    let body = json!({ "name": "Sales", "businessProfile": { "about": "We answer" } });
    let call = shop.app.call("PATCH", &shop.path()).key(&shop.token).json(&body).send().await;
    call.problem(502, "provider_refused");
    // Nothing of the request was done; and without the profile the inbox is shown all the same.
    let shown = shop.app.get(&shop.path()).key(&shop.token).send().await.expect(200);
    assert_ne!(shown["name"], "Sales");
    shop.token_expires(false).await;
    assert_eq!(shop.profile().await, json!({}));
    shop.token_expires(true).await;
    assert_eq!(shop.profile().await, json!({}), "the answer is used again");
}

#[tokio::test]
async fn pages_show_their_name_and_texts_have_no_profile() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let page = |channel: &str, id: &str, token: &str| {
        json!({ "channel": channel, "externalId": id, "accessToken": token, "appSecret": "sandbox-app-secret",
            "verifyToken": "sandbox-verify-token", "apiUrl": app.provider })
    };
    let text = json!({ "channel": "text", "externalId": "AC00000000000000000000000000000001",
        "authToken": "sandbox-auth-token", "apiUrl": app.provider });
    for (connection, inbox, profile) in [
        (
            page("messenger", "500000000000001", "sandbox-page-token"),
            json!({ "messenger": { "pageIds": ["500000000000001"] } }),
            json!({ "name": "Sandbox page" }),
        ),
        (
            page("instagram", "600000000000001", "sandbox-instagram-token"),
            json!({ "instagram": { "accountIds": ["600000000000001"] } }),
            json!({ "name": "sandbox.account", "username": "sandbox.account" }),
        ),
        (text, json!({ "text": { "phoneNumbers": ["+15550000301"] } }), Value::Null),
    ] {
        let inbox = connect(&app, &workspace.token, &connection, &inbox).await;
        let path = format!("/v1/inboxes/{inbox}?include=businessProfile");
        let shown = app.get(&path).key(&workspace.token).send().await.expect(200);
        assert_eq!(shown.get("businessProfile"), Some(&profile), "{shown}");
        let body = json!({ "businessProfile": { "about": "We answer" } });
        let path = format!("/v1/inboxes/{inbox}");
        let refused = app.call("PATCH", &path).key(&workspace.token).json(&body).send().await;
        assert_eq!(refused.fields(422, "invalid_request"), ["businessProfile"]);
    }
}

#[tokio::test]
async fn visitors_see_it_with_the_permission_for_details_alone() {
    let app = TestApp::start().await;
    for (permission, permitted) in [("readDetails", true), ("readInbox", false)] {
        let workspace = app.workspace().await;
        let visit = app.visit(&workspace, &json!({ permission: true })).await;
        let path = format!("/v1/inboxes/{}", workspace.inbox);
        app.get(&path).key(&visit.token).send().await.expect(200);
        let asked = app.get(&format!("{path}?include=businessProfile")).key(&visit.token).send().await;
        if permitted {
            // The provider knows no such number.
            asked.problem(502, "provider_refused");
        } else {
            asked.problem(403, "insufficient_permission");
        }
    }
}
