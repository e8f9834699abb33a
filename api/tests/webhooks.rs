//! Endpoints: what may be said of them, and who sees what.

use common::domain::principal::{Role, Scope};
use serde_json::{Value, json};

use crate::support::{Options, TestApp};

const URL: &str = "https://8.8.8.8/hook";

#[tokio::test]
async fn the_secret_is_shown_once_and_nothing_secret_is_stored_in_the_clear() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body = json!({
        "url": "HTTPS://8.8.8.8:443/hook", "events": ["message.sent", "message.failed", "message.sent"],
        "headers": { "Authorization": "Bearer hidden-token" }, "description": "Our CRM", "inboxIds": [workspace.inbox],
    });
    let create = || {
        app.post("/v1/webhooks").key(&workspace.token).header("idempotency-key", "once").json(&body).send()
    };
    let first = create().await;
    let location = first.header("location").to_owned();
    let created = first.expect(201);
    let secret = created["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && standardwebhooks::Webhook::new(&secret).is_ok());
    assert_eq!(created["url"], URL);
    assert_eq!(created["events"], json!(["message.failed", "message.sent"]));
    assert_eq!(created["headerNames"], json!(["Authorization"]));
    assert_eq!((&created["enabled"], &created["ordered"]), (&json!(true), &json!(false)));
    let again = create().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), created);
    let shown = app.get(&location).key(&workspace.token).send().await;
    assert!(!shown.text.contains(&secret) && !shown.text.contains("hidden-token"), "{}", shown.text);
    let listed = app.get("/v1/webhooks").key(&workspace.token).send().await.expect(200);
    assert_eq!(listed["webhooks"], json!([shown.expect(200)]));
    for (column, table) in [("secret || headers", "webhooks"), ("body", "idempotency_keys")] {
        let sql = format!("SELECT {column} FROM {table}");
        let client = app.pool().get().await.unwrap();
        let bytes: Vec<u8> = client.query_one(&sql, &[]).await.unwrap().get(0);
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("whsec_") && !text.contains("hidden-token"), "{table}: {text}");
    }
    assert_eq!(app.count("SELECT count(*) FROM webhooks").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'webhook.create'").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE detail::text LIKE '%hidden%'").await, 0);
}

#[tokio::test]
async fn an_endpoint_is_changed_rotated_and_deleted() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let call = async |method: &str, path: &str, body: Value, status: u16| {
        app.call(method, path).key(&workspace.token).json(&body).send().await.expect(status)
    };
    let created = call("POST", "/v1/webhooks", json!({ "url": URL, "description": "x" }), 201).await;
    assert_eq!(created["events"], json!(["*"]));
    let path = format!("/v1/webhooks/{}", created["id"].as_str().unwrap());
    let changed =
        json!({ "description": null, "events": ["message.read"], "ordered": true, "enabled": false });
    let changed = call("PATCH", &path, changed, 200).await;
    assert_eq!((&changed["description"], &changed["ordered"]), (&Value::Null, &json!(true)));
    assert_eq!((&changed["url"], &changed["disabledReason"]), (&json!(URL), &json!("request")));
    assert!(changed["disabledAt"].is_string() && changed["secret"].is_null());
    let refused = app.post(&format!("{path}/test")).key(&workspace.token).send().await;
    refused.problem(409, "webhook_disabled");
    let enabled = call("PATCH", &path, json!({ "enabled": true }), 200).await;
    assert_eq!((&enabled["enabled"], &enabled["disabledReason"]), (&json!(true), &Value::Null));
    let rotated = call("POST", &format!("{path}/rotate-secret"), json!({}), 200).await;
    assert!(rotated["secret"].is_string() && rotated["secret"] != created["secret"]);
    assert!(rotated["previousSecretExpiresAt"].is_string());
    app.call("DELETE", &path).key(&workspace.token).send().await.expect(204);
    app.call("DELETE", &path).key(&workspace.token).send().await.problem(404, "not_found");
    app.get(&path).key(&workspace.token).send().await.problem(404, "not_found");
    assert_eq!(app.get("/v1/webhooks").key(&workspace.token).send().await.expect(200)["webhooks"], json!([]));
    let actions = "SELECT count(DISTINCT action) FROM audit_log WHERE action LIKE 'webhook.%'";
    assert_eq!(app.count(actions).await, 4);
    assert_eq!(app.count("SELECT count(*) FROM webhooks WHERE secret = '' AND headers IS NULL").await, 1);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    for _ in 0..3 {
        app.post("/v1/webhooks").key(&workspace.token).json(&json!({ "url": URL })).send().await.expect(201);
    }
    let (mut path, mut ids) = ("/v1/webhooks?pageSize=2".to_owned(), Vec::new());
    loop {
        let page = app.get(&path).key(&workspace.token).send().await.expect(200);
        ids.extend(page["webhooks"].as_array().unwrap().iter().map(|webhook| webhook["id"].to_string()));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        path = format!("/v1/webhooks?pageSize=2&pageToken={next}");
    }
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn where_webhooks_may_not_go_is_refused() {
    let app = TestApp::start_with(Options { loopback: false, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let created = app.post("/v1/webhooks").key(&workspace.token).json(&json!({ "url": URL })).send().await;
    let path = format!("/v1/webhooks/{}", created.expect(201)["id"].as_str().unwrap());
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://192.168.0.1/",
        "https://172.16.0.1/",
        "https://0/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://224.0.0.1/",
        "http://8.8.8.8/",
    ] {
        for (method, path) in [("POST", "/v1/webhooks"), ("PATCH", path.as_str())] {
            let answer =
                app.call(method, path).key(&workspace.token).json(&json!({ "url": url })).send().await;
            assert_eq!(answer.fields(422, "webhook_url_not_allowed"), ["url"], "{url}");
        }
    }
    for url in ["nonsense", "ftp://8.8.8.8/", "https://user:pass@8.8.8.8/", "https://8.8.8.8/#a"] {
        let answer = app.post("/v1/webhooks").key(&workspace.token).json(&json!({ "url": url })).send().await;
        assert_eq!(answer.fields(422, "invalid_request"), ["url"], "{url}");
    }
    assert_eq!(app.count("SELECT count(*) FROM webhooks").await, 1);
}

#[tokio::test]
async fn every_faulty_field_is_named() {
    let app = TestApp::start().await;
    let (workspace, other) = (app.workspace().await, app.workspace().await);
    let post = |body: Value| app.post("/v1/webhooks").key(&workspace.token).json(&body).send();
    let faulty = json!({
        "url": URL, "events": ["message.sent", "message.sung"], "description": "a\nb",
        "headers": { "Host": "x", "webhook-id": "x", "two words": "x", "X-Good": "new\nline" },
        "hexSignatureHeader": "Content-Length",
    });
    let fields = post(faulty).await.fields(422, "invalid_request");
    let expected = [
        "description",
        "events[1]",
        "headers.Host",
        "headers.X-Good",
        "headers.two words",
        "headers.webhook-id",
    ];
    assert_eq!(fields, [expected.as_slice(), &["hexSignatureHeader"]].concat());
    let with = |field: &str, value: Value| {
        let mut body = json!({ "url": URL });
        body[field] = value;
        post(body)
    };
    assert_eq!(with("events", json!([])).await.fields(422, "invalid_request"), ["events"]);
    assert_eq!(with("inboxIds", json!([other.inbox])).await.fields(422, "invalid_request"), ["inboxIds[0]"]);
    assert_eq!(with("url", Value::Null).await.fields(400, "required_field_missing"), ["url"]);
    assert_eq!(with("surprise", json!(1)).await.fields(422, "unknown_field"), ["surprise"]);
    for odd in ["", "hunter2", "whsec_c2hvcnQ=", "whsec_no base64", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        assert_eq!(with("secret", json!(odd)).await.fields(422, "invalid_request"), ["secret"], "{odd}");
    }
    assert_eq!(with("secret", json!(1)).await.fields(400, "wrong_type"), ["secret"]);
    let twice = json!({ "X-A": "1", "x-a": "2" });
    assert_eq!(with("headers", twice).await.fields(422, "invalid_request"), ["headers"]);
    let created = post(json!({ "url": URL })).await.expect(201);
    let rotate = format!("/v1/webhooks/{}/rotate-secret", created["id"].as_str().unwrap());
    let odd = app.post(&rotate).key(&workspace.token).json(&json!({ "secret": "hunter2" })).send().await;
    assert_eq!(odd.fields(422, "invalid_request"), ["secret"]);
    let replays = format!("/v1/webhooks/{}/replays", created["id"].as_str().unwrap());
    let replay = |body: Value| app.post(&replays).key(&workspace.token).json(&body).send();
    assert_eq!(replay(json!({})).await.fields(400, "required_field_missing"), ["from"]);
    let reversed = json!({ "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z" });
    assert_eq!(replay(reversed).await.fields(422, "invalid_request"), ["from"]);
    let both = json!({ "from": "2026-01-02T00:00:00Z", "failed": true });
    assert_eq!(replay(both).await.fields(422, "invalid_request"), ["failed"]);
}

#[tokio::test]
async fn another_organizations_endpoints_are_not_there() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.workspace().await, app.workspace().await);
    let created = app.post("/v1/webhooks").key(&theirs.token).json(&json!({ "url": URL })).send().await;
    let path = format!("/v1/webhooks/{}", created.expect(201)["id"].as_str().unwrap());
    let test = app.post(&format!("{path}/test")).key(&theirs.token).send().await.expect(202);
    let delivery = format!("{path}/deliveries/{}", test["id"].as_str().unwrap());
    let replay = json!({ "failed": true });
    let replayed =
        app.post(&format!("{path}/replays")).key(&theirs.token).json(&replay).send().await.expect(202);
    let replay_path = format!("{path}/replays/{}", replayed["id"].as_str().unwrap());
    for path in [&path, &format!("{path}/deliveries"), &delivery, &replay_path] {
        app.get(path).key(&theirs.token).send().await.expect(200);
        app.get(path).key(&ours.token).send().await.problem(404, "not_found");
    }
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({ "enabled": false })),
        ("POST", format!("{path}/rotate-secret"), json!({})),
        ("POST", format!("{path}/test"), json!({})),
        ("POST", format!("{path}/replays"), replay),
        ("POST", format!("{delivery}/redeliver"), json!({})),
        ("DELETE", path.clone(), json!({})),
    ] {
        app.call(method, &path).key(&ours.token).json(&body).send().await.problem(404, "not_found");
    }
    assert_eq!(app.get("/v1/webhooks").key(&ours.token).send().await.expect(200)["webhooks"], json!([]));
    // An endpoint of ours leads to no delivery of theirs.
    let own = app.post("/v1/webhooks").key(&ours.token).json(&json!({ "url": URL })).send().await.expect(201);
    let mixed = delivery.replace(path.rsplit('/').next().unwrap(), own["id"].as_str().unwrap());
    app.get(&mixed).key(&ours.token).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn an_agent_sees_endpoints_and_changes_none() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let created = app.post("/v1/webhooks").key(&workspace.token).json(&json!({ "url": URL })).send().await;
    let path = format!("/v1/webhooks/{}", created.expect(201)["id"].as_str().unwrap());
    let agent = app.key(&workspace, Role::Agent, &[]).await;
    app.get(&path).key(&agent).send().await.expect(200);
    let patch = json!({ "enabled": false });
    app.call("PATCH", &path).key(&agent).json(&patch).send().await.problem(403, "insufficient_scope");
    let reader = app.key(&workspace, Role::Owner, &[Scope::WebhookRead]).await;
    app.call("DELETE", &path).key(&reader).send().await.problem(403, "insufficient_scope");
}
