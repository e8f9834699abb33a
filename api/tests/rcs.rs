//! RCS: agents connected by their service accounts, webhooks by the signature over their event, and no reply window.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::crypto::signature::hmac_sha512;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, Options, TestApp};

const AGENT: &str = "sandbox_agent";
const TOKEN: &str = "sandbox-client-token";
const PATH: &str = "/channels/rcs/webhook";

async fn service_account(app: &TestApp, agent: &str) -> Value {
    let path = format!("/control/rcs-agents/{agent}/service-account");
    app.provider("GET", &path).send().await.expect(200)
}

async fn connection(app: &TestApp) -> Value {
    let account = service_account(app, AGENT).await;
    json!({ "channel": "rcs", "externalId": AGENT, "serviceAccount": account, "clientToken": TOKEN, "apiUrl": app.provider })
}

async fn connected(app: &TestApp) -> Workspace {
    let workspace = app.workspace().await;
    let body = connection(app).await;
    app.post("/v1/connections").key(&workspace.token).json(&body).send().await.expect(201);
    workspace
}

async fn create(app: &TestApp, workspace: &Workspace, rcs: &Value) -> Answer {
    app.post("/v1/inboxes").key(&workspace.token).json(&json!({ "rcs": rcs })).send().await
}

/// Posts an event as the provider does, signed.
async fn post(app: &TestApp, event: &Value, token: &str) -> Answer {
    let bytes = event.to_string().into_bytes();
    let signature = STANDARD.encode(hmac_sha512(token.as_bytes(), &bytes));
    let body =
        json!({ "message": { "attributes": {}, "data": STANDARD.encode(&bytes) }, "subscription": "s" });
    app.post(PATH).header("x-goog-signature", &signature).json(&body).send().await
}

fn message(id: &str, text: &str) -> Value {
    json!({ "senderPhoneNumber": "+15551234567", "messageId": id, "agentId": AGENT, "text": text })
}

#[tokio::test]
async fn an_agent_is_connected_once_its_service_account_proves_access() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let whole = connection(&app).await;
    let post = |change: Value| {
        let mut body = whole.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        app.post("/v1/connections").key(&workspace.token).json(&body).send()
    };
    let account = |field: &str, value: Value| {
        let mut account = whole["serviceAccount"].clone();
        account[field] = value;
        json!({ "serviceAccount": account })
    };
    // Nobody's account, and an agent that is not its own.
    for change in
        [account("client_email", json!("else@p.iam.gserviceaccount.com")), json!({ "externalId": "another" })]
    {
        let refused = post(change).await;
        assert_eq!(refused.fields(422, "access_not_proven"), ["serviceAccount"]);
    }
    let cases: [(Value, u16, &str, &[&str]); 9] = [
        (json!({ "serviceAccount": null }), 400, "required_field_missing", &["serviceAccount"]),
        (json!({ "serviceAccount": "{}" }), 400, "malformed_request", &["serviceAccount"]),
        (json!({ "serviceAccount": {} }), 422, "invalid", &["serviceAccount.client_email"]),
        (account("private_key", json!("secret")), 422, "invalid", &["serviceAccount.private_key"]),
        (
            account("token_uri", json!("https://elsewhere.example/token")),
            422,
            "api_url_not_allowed",
            &["serviceAccount.token_uri"],
        ),
        (json!({ "clientToken": null }), 400, "required_field_missing", &["clientToken"]),
        (json!({ "clientToken": "two words" }), 422, "invalid_request", &["clientToken"]),
        (json!({ "authToken": "x" }), 422, "unknown_field", &["authToken"]),
        (json!({ "channel": "text" }), 422, "unknown_field", &["serviceAccount", "clientToken"]),
    ];
    for (change, status, code, fields) in cases {
        let answer = post(change.clone()).await;
        assert_eq!(answer.status, status, "{change}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{change}");
    }
    assert_eq!(app.count("SELECT count(*) FROM connections WHERE channel = 'rcs'").await, 0);
    let created = post(json!({})).await;
    assert!(!created.text.contains("PRIVATE KEY") && !created.text.contains(TOKEN), "{}", created.text);
    assert_eq!(created.expect(201)["externalId"], AGENT);
    post(json!({})).await.problem(409, "already_exists");
}

#[tokio::test]
async fn tokens_come_from_where_the_operator_allows() {
    let app = TestApp::start_with(Options { loopback: false, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let mut body = connection(&app).await;
    body.as_object_mut().unwrap().remove("apiUrl");
    let refused = app.post("/v1/connections").key(&workspace.token).json(&body).send().await;
    assert_eq!(refused.fields(422, "api_url_not_allowed"), ["serviceAccount.token_uri"]);
}

#[tokio::test]
async fn agents_become_inboxes_together_and_of_one_organization_at_a_time() {
    let app = TestApp::start().await;
    let stranger = app.workspace().await;
    let unconnected = create(&app, &stranger, &json!({ "agentIds": [AGENT] })).await;
    assert_eq!(unconnected.fields(422, "no_connection"), ["rcs.agentIds[0]"]);
    let workspace = connected(&app).await;
    let cases: [(Value, u16, &str, &[&str]); 5] = [
        (json!({}), 400, "required_field_missing", &["rcs.agentIds"]),
        (json!({ "agentIds": [] }), 422, "invalid_request", &["rcs.agentIds"]),
        (json!({ "agentIds": [AGENT, AGENT] }), 422, "invalid_request", &["rcs.agentIds[1]"]),
        (json!({ "agentIds": ["a b"] }), 422, "invalid_request", &["rcs.agentIds[0]"]),
        (json!({ "agentIds": [AGENT, "another"] }), 422, "no_connection", &["rcs.agentIds[1]"]),
    ];
    for (asked, status, code, fields) in cases {
        let answer = create(&app, &workspace, &asked).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{asked}");
    }
    assert_eq!(app.count("SELECT count(*) FROM inboxes WHERE channel = 'rcs'").await, 0);
    let created = create(&app, &workspace, &json!({ "agentIds": [AGENT] })).await.expect(200);
    let inbox = &created["inboxes"][0];
    assert_eq!(
        (&inbox["channel"], &inbox["externalId"], &inbox["name"]),
        (&json!("rcs"), &json!(AGENT), &json!(AGENT))
    );
    assert_eq!(inbox["config"], json!({ "agentId": AGENT }));
    let path = format!("/v1/inboxes/{}", inbox["id"].as_str().unwrap());
    let found = app.get(&path).key(&workspace.token).send().await.expect(200);
    let capabilities = &found["capabilities"];
    assert_eq!(capabilities["interactive"]["buttons"]["maxButtons"], 11);
    assert_eq!(
        (&capabilities["replyWindowSeconds"], &capabilities["interactive"]["flow"]),
        (&Value::Null, &Value::Null)
    );
    create(&app, &workspace, &json!({ "agentIds": [AGENT] })).await.problem(409, "already_connected");
    let theirs = connected(&app).await;
    create(&app, &theirs, &json!({ "agentIds": [AGENT] })).await.problem(409, "already_connected");
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'inbox.create'").await, 1);
}

#[tokio::test]
async fn an_agent_that_may_be_used_no_more_connects_nothing() {
    let app = TestApp::start().await;
    let workspace = connected(&app).await;
    let other = json!({ "clientEmail": "else@sandbox.iam.gserviceaccount.com" });
    app.provider("PATCH", &format!("/control/rcs-agents/{AGENT}")).json(&other).send().await.expect(200);
    let refused = create(&app, &workspace, &json!({ "agentIds": [AGENT] })).await;
    assert_eq!(refused.fields(422, "access_not_proven"), ["serviceAccount"]);
    assert_eq!(app.count("SELECT count(*) FROM inboxes WHERE channel = 'rcs'").await, 0);
}

#[tokio::test]
async fn only_what_the_agent_s_token_signs_is_taken_in_and_each_event_once() {
    let app = TestApp::start().await;
    let workspace = connected(&app).await;
    create(&app, &workspace, &json!({ "agentIds": [AGENT] })).await.expect(200);
    let hello = message("Mx1", "Hello");
    assert_eq!(post(&app, &hello, "another-token").await.status, 401);
    assert_eq!(app.post(PATH).json(&json!({ "message": { "data": "e30=" } })).send().await.status, 401);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 0);
    for _ in 0..2 {
        assert_eq!(post(&app, &hello, TOKEN).await.status, 200);
    }
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 1, "the same message once");
    let other = json!({ "senderPhoneNumber": "+15551234567", "messageId": "Mx2", "agentId": "another", "text": "Hi" });
    assert_eq!(post(&app, &other, TOKEN).await.status, 401);
    // About nobody's agent, yet signed: kept whole.
    assert_eq!(post(&app, &json!({ "what": "ever" }), TOKEN).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM unparsed_webhooks").await, 1);
}

#[tokio::test]
async fn the_handshake_gives_its_secret_back_to_who_knows_a_client_token() {
    let app = TestApp::start().await;
    connected(&app).await;
    let ask =
        |token: &str| app.post(PATH).json(&json!({ "clientToken": token, "secret": "1234567890" })).send();
    let answer = ask(TOKEN).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "1234567890"));
    ask("another").await.problem(403, "verify_token_mismatch");
    app.get(PATH).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_connection_s_secrets_change_once_the_provider_takes_the_new_ones() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body = connection(&app).await;
    let created = app.post("/v1/connections").key(&workspace.token).json(&body).send().await;
    let path = format!("/v1/connections/{}", created.expect(201)["id"].as_str().unwrap());
    let patch = |body: Value| app.call("PATCH", &path).key(&workspace.token).json(&body).send();
    let mut account = body["serviceAccount"].clone();
    patch(json!({ "serviceAccount": account, "clientToken": "another" })).await.expect(200);
    account["client_email"] = json!("else@p.iam.gserviceaccount.com");
    patch(json!({ "serviceAccount": account })).await.problem(422, "access_not_proven");
    let other = patch(json!({ "accessToken": "a-token" })).await;
    assert_eq!(other.fields(422, "unknown_field"), ["accessToken"]);
    create(&app, &workspace, &json!({ "agentIds": [AGENT] })).await.expect(200);
    assert_eq!(post(&app, &message("Mx1", "Hello"), TOKEN).await.status, 401);
    assert_eq!(post(&app, &message("Mx1", "Hello"), "another").await.status, 200);
}
