//! Messenger and Instagram: pages and accounts connected by tokens of their own, webhooks by the secret of the entry's owner.

use common::crypto::signature::hmac_sha256;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const PAGE: &str = "500000000000001";
const ACCOUNT: &str = "600000000000001";
const CONTACT: &str = "6500000000000001";

fn connection(app: &TestApp, channel: &str) -> Value {
    let (id, token) = match channel {
        "messenger" => (PAGE, "sandbox-page-token"),
        _ => (ACCOUNT, "sandbox-instagram-token"),
    };
    json!({ "channel": channel, "externalId": id, "accessToken": token, "appSecret": "sandbox-app-secret",
        "verifyToken": "sandbox-verify-token", "apiUrl": app.provider })
}

async fn connect(app: &TestApp, of: &Workspace, body: &Value) -> Answer {
    app.post("/v1/connections").key(&of.token).json(body).send().await
}

fn inbox(channel: &str, ids: &[&str]) -> Value {
    match channel {
        "messenger" => json!({ "messenger": { "pageIds": ids } }),
        _ => json!({ "instagram": { "accountIds": ids } }),
    }
}

async fn create(app: &TestApp, of: &Workspace, body: &Value) -> Answer {
    app.post("/v1/inboxes").key(&of.token).json(body).send().await
}

/// Posts a webhook as the provider does.
async fn post(app: &TestApp, channel: &str, body: &Value, secret: &str) -> Answer {
    let body = body.to_string();
    let signature = format!("sha256={}", hex::encode(hmac_sha256(secret.as_bytes(), body.as_bytes())));
    let path = format!("/channels/{channel}/webhook");
    app.post(&path).header("x-hub-signature-256", &signature).raw(body).send().await
}

fn webhook(channel: &str, entries: &[(&str, &str)]) -> Value {
    let object = if channel == "messenger" { "page" } else { "instagram" };
    let entry = |(id, mid): &(&str, &str)| {
        json!({ "id": id, "time": 1, "messaging": [{ "sender": { "id": CONTACT }, "recipient": { "id": id },
            "timestamp": 1_795_233_610_123_i64, "message": { "mid": mid, "text": "hi" } }] })
    };
    json!({ "object": object, "entry": entries.iter().map(entry).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_page_and_an_account_are_connected_by_tokens_of_their_own() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    for (channel, id, config, name) in [
        ("messenger", PAGE, json!({ "pageId": PAGE }), "Sandbox page"),
        ("instagram", ACCOUNT, json!({ "accountId": ACCOUNT }), "sandbox.account"),
    ] {
        let mut wrong = connection(&app, channel);
        wrong["accessToken"] = json!("sandbox-access-token");
        assert_eq!(connect(&app, &workspace, &wrong).await.fields(422, "access_not_proven"), ["accessToken"]);
        // A token that is good, and another's.
        wrong = connection(&app, channel);
        wrong["externalId"] = json!("700000000000001");
        assert_eq!(connect(&app, &workspace, &wrong).await.fields(422, "access_not_proven"), ["accessToken"]);
        wrong = connection(&app, channel);
        wrong["authToken"] = json!("x");
        assert_eq!(connect(&app, &workspace, &wrong).await.fields(422, "unknown_field"), ["authToken"]);
        let created = connect(&app, &workspace, &connection(&app, channel)).await;
        assert!(!created.text.contains("sandbox-"), "{}", created.text);
        assert_eq!(created.expect(201)["channel"], channel);
        let created = create(&app, &workspace, &inbox(channel, &[id])).await.expect(200);
        let shown = &created["inboxes"][0];
        assert_eq!(
            (&shown["channel"], &shown["externalId"], &shown["name"]),
            (&json!(channel), &json!(id), &json!(name))
        );
        assert_eq!(shown["config"], config);
        // Nobody else can have it, nor the same organization twice.
        create(&app, &workspace, &inbox(channel, &[id])).await.problem(409, "already_connected");
        let theirs = app.workspace().await;
        connect(&app, &theirs, &connection(&app, channel)).await.expect(201);
        create(&app, &theirs, &inbox(channel, &[id])).await.problem(409, "already_connected");
    }
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'inbox.create'").await, 2);
}

#[tokio::test]
async fn all_pages_of_a_request_are_connected_or_none() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    connect(&app, &workspace, &connection(&app, "messenger")).await.expect(201);
    let second = json!({ "id": "500000000000009", "platform": "messenger", "name": "Second", "accessToken": "second",
        "appSecret": "second-secret" });
    app.provider("POST", "/control/pages").json(&second).send().await.expect(201);
    let count = "SELECT count(*) FROM inboxes WHERE channel = 'messenger'";
    let both = inbox("messenger", &[PAGE, "500000000000009"]);
    assert_eq!(create(&app, &workspace, &both).await.fields(422, "no_connection"), ["messenger.pageIds[1]"]);
    let mut body = connection(&app, "messenger");
    body["externalId"] = json!("500000000000009");
    body["accessToken"] = json!("second");
    connect(&app, &workspace, &body).await.expect(201);
    app.provider("PATCH", "/control/pages/500000000000009")
        .json(&json!({ "tokenExpired": true }))
        .send()
        .await
        .expect(200);
    assert_eq!(create(&app, &workspace, &both).await.fields(422, "access_not_proven"), ["messenger.pageIds"]);
    assert_eq!(app.count(count).await, 0);
    app.provider("PATCH", "/control/pages/500000000000009")
        .json(&json!({ "tokenExpired": false }))
        .send()
        .await
        .expect(200);
    let created = create(&app, &workspace, &both).await.expect(200);
    assert_eq!(created["inboxes"][1]["name"], "Second");
    assert_eq!(app.count(count).await, 2);
    // What was not subscribed to before is now.
    let pages = app.provider("GET", "/control/pages").send().await.expect(200);
    let page = pages["pages"].as_array().unwrap().iter().find(|page| page["name"] == "Second").unwrap();
    assert!(page["subscribedFields"].as_array().unwrap().contains(&json!("message_echoes")), "{page}");
    for (body, code, fields) in [
        (inbox("messenger", &[]), "invalid_request", vec!["messenger.pageIds"]),
        (
            inbox("instagram", &["x", "1", "1"]),
            "invalid_request",
            vec!["instagram.accountIds[0]", "instagram.accountIds[2]"],
        ),
        (json!({ "messenger": { "pageIds": ["1"], "x": 1 } }), "unknown_field", vec!["messenger.x"]),
    ] {
        assert_eq!(create(&app, &workspace, &body).await.fields(422, code), fields, "{body}");
    }
}

#[tokio::test]
async fn an_entry_is_taken_only_with_the_secret_of_whom_it_belongs_to() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.workspace().await, app.workspace().await);
    let second = json!({ "id": "500000000000009", "platform": "messenger", "accessToken": "second", "appSecret": "second-secret" });
    app.provider("POST", "/control/pages").json(&second).send().await.expect(201);
    connect(&app, &ours, &connection(&app, "messenger")).await.expect(201);
    create(&app, &ours, &inbox("messenger", &[PAGE])).await.expect(200);
    let mut body = connection(&app, "messenger");
    body["externalId"] = json!("500000000000009");
    body["accessToken"] = json!("second");
    body["appSecret"] = json!("second-secret");
    connect(&app, &theirs, &body).await.expect(201);
    create(&app, &theirs, &inbox("messenger", &["500000000000009"])).await.expect(200);
    let told =
        |mids: [&'static str; 2]| webhook("messenger", &[(PAGE, mids[0]), ("500000000000009", mids[1])]);
    let count =
        |mid: &str| format!("SELECT count(*) FROM channel_events WHERE payload::text LIKE '%\"{mid}\"%'");
    // Signed by the other organization: its own entry is taken, ours is not.
    assert_eq!(post(&app, "messenger", &told(["m_a", "m_b"]), "second-secret").await.status, 200);
    assert_eq!((app.count(&count("m_a")).await, app.count(&count("m_b")).await), (0, 1));
    let forged = post(&app, "messenger", &webhook("messenger", &[(PAGE, "m_c")]), "second-secret").await;
    assert_eq!(forged.status, 401, "{}", forged.text);
    assert_eq!(
        post(&app, "messenger", &webhook("messenger", &[(PAGE, "m_c")]), "sandbox-app-secret").await.status,
        200
    );
    assert_eq!(app.count(&count("m_c")).await, 1);
    // The same body on another channel's address is nobody's.
    let elsewhere =
        post(&app, "instagram", &webhook("messenger", &[(PAGE, "m_d")]), "sandbox-app-secret").await;
    assert_eq!(elsewhere.status, 401, "{}", elsewhere.text);
    for (channel, status) in [("messenger", 200), ("instagram", 403)] {
        let path = format!(
            "/channels/{channel}/webhook?hub.mode=subscribe&hub.challenge=77&hub.verify_token=sandbox-verify-token"
        );
        assert_eq!(app.get(&path).send().await.status, status, "{channel}");
    }
}
