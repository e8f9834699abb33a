//! Connections: proof of access, what is stored, what is shown.

use serde_json::{Value, json};

use crate::support::{Options, TestApp};

fn body(app: &TestApp) -> Value {
    json!({
        "channel": "whatsapp", "externalId": "100000000000001", "accessToken": "sandbox-access-token",
        "appSecret": "sandbox-app-secret", "verifyToken": "sandbox-verify-token", "apiUrl": app.provider,
    })
}

#[tokio::test]
async fn a_connection_is_created_shown_and_listed_without_its_secrets() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let answer = app.post("/v1/connections").key(&workspace.token).json(&body(&app)).send().await;
    let location = answer.header("location").to_owned();
    assert!(!answer.text.contains("sandbox-"), "{}", answer.text);
    let created = answer.expect(201);
    let fields: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["apiUrl", "channel", "createdAt", "createdBy", "externalId", "id", "updatedAt"]);
    assert!(created["id"].as_str().unwrap().starts_with("con_"));
    assert_eq!(created["createdBy"], workspace.user.to_string());
    let shown = app.get(&location).key(&workspace.token).send().await;
    assert!(!shown.text.contains("sandbox-"), "{}", shown.text);
    assert_eq!(shown.expect(200), created);
    let stored = app.pool().get().await.unwrap();
    let row =
        stored.query_one("SELECT credentials FROM connections WHERE external_id = '100000000000001'", &[]);
    let sealed: Vec<u8> = row.await.unwrap().get(0);
    assert!(!String::from_utf8_lossy(&sealed).contains("sandbox"));
    app.post("/v1/connections")
        .key(&workspace.token)
        .json(&body(&app))
        .send()
        .await
        .problem(409, "already_exists");
}

#[tokio::test]
async fn pages_follow_one_another() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let second = app.post("/v1/connections").key(&workspace.token).json(&body(&app)).send().await.expect(201);
    let first = app.get("/v1/connections?pageSize=1").key(&workspace.token).send().await;
    let link = first.header("link").to_owned();
    let first = first.expect(200);
    assert_eq!(first["connections"][0]["id"], workspace.connection.to_string());
    let path = link.trim_start_matches('<').split('>').next().unwrap();
    let next = app.get(path).key(&workspace.token).send().await.expect(200);
    assert_eq!((&next["connections"][0], &next["nextPageToken"]), (&second, &Value::Null));
}

#[tokio::test]
async fn without_proof_of_access_nothing_is_stored() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let post = |field: &str, value: Value| {
        let mut body = body(&app);
        body[field] = value;
        app.post("/v1/connections").key(&workspace.token).json(&body).send()
    };
    let refused = post("accessToken", json!("wrong-token")).await;
    assert_eq!(refused.fields(422, "access_not_proven"), ["accessToken"]);
    post("externalId", json!("999")).await.problem(422, "access_not_proven");
    let unreachable = post("apiUrl", json!("http://127.0.0.1:9")).await;
    unreachable.problem(502, "provider_unavailable");
    assert_eq!(app.count("SELECT count(*) FROM connections").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM audit_log").await, 0);
}

#[tokio::test]
async fn every_faulty_field_is_named() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let post = |body: Value| app.post("/v1/connections").key(&workspace.token).json(&body).send();
    let faulty = json!({
        "channel": "whatsapp", "externalId": "../me", "accessToken": "two words", "appSecret": "", "verifyToken": "a\nb",
    });
    let fields = post(faulty).await.fields(422, "invalid_request");
    assert_eq!(fields, ["externalId", "accessToken", "appSecret", "verifyToken"]);
    let with = |field: &str, value: Value| {
        let mut body = body(&app);
        body[field] = value;
        post(body)
    };
    assert_eq!(with("channel", json!("telegram")).await.fields(422, "unsupported_value"), ["channel"]);
    assert_eq!(with("accessToken", Value::Null).await.fields(400, "required_field_missing"), ["accessToken"]);
    assert_eq!(with("surprise", json!(1)).await.fields(422, "unknown_field"), ["surprise"]);
    for url in ["http://10.0.0.1", "https://graph.example.com", "ftp://127.0.0.1"] {
        assert_eq!(with("apiUrl", json!(url)).await.fields(422, "api_url_not_allowed"), ["apiUrl"], "{url}");
    }
    for url in ["nonsense", "http://user:pass@127.0.0.1", "http://127.0.0.1/?a=1", "http://127.0.0.1/#a"] {
        assert_eq!(with("apiUrl", json!(url)).await.fields(422, "invalid_request"), ["apiUrl"], "{url}");
    }
}

#[tokio::test]
async fn loopback_is_refused_unless_the_operator_allows_it() {
    let app = TestApp::start_with(Options { loopback: false, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let answer = app.post("/v1/connections").key(&workspace.token).json(&body(&app)).send().await;
    answer.problem(422, "api_url_not_allowed");
}

#[tokio::test]
async fn new_credentials_are_proven_sealed_and_in_use_and_never_shown() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let created =
        app.post("/v1/connections").key(&workspace.token).json(&body(&app)).send().await.expect(201);
    let path = format!("/v1/connections/{}", created["id"].as_str().unwrap());
    let patch = |body: Value| app.call("PATCH", &path).key(&workspace.token).json(&body).send();
    let sealed = async || {
        let client = app.pool().get().await.unwrap();
        let sql = "SELECT credentials FROM connections WHERE external_id = '100000000000001'";
        client.query_one(sql, &[]).await.unwrap().get::<_, Vec<u8>>(0)
    };
    let before = sealed().await;
    let refused = patch(json!({ "accessToken": "wrong-token" })).await;
    assert_eq!(refused.fields(422, "access_not_proven"), ["accessToken"]);
    patch(json!({ "apiUrl": "http://127.0.0.1:9" })).await.problem(502, "provider_unavailable");
    assert_eq!(sealed().await, before);
    let renewed = json!({ "accessToken": "renewed-token" });
    app.provider("PATCH", "/control/accounts/100000000000001").json(&renewed).send().await.expect(200);
    let changed = patch(renewed).await;
    assert!(!changed.text.contains("renewed"), "{}", changed.text);
    let changed = changed.expect(200);
    assert_ne!(changed["updatedAt"], created["updatedAt"]);
    let numbers = "/v1/whatsapp/100000000000001/phone-numbers";
    app.get(numbers).key(&workspace.token).send().await.expect(200);
    let sealer = common::crypto::Sealer::new(&common::testing::master_key());
    let id = created["id"].as_str().unwrap().parse().unwrap();
    let opened = common::channels::Credentials::open(&sealer, id, &sealed().await).unwrap();
    let common::channels::Credentials::Meta(opened) = opened else { panic!("other secrets") };
    assert_eq!(opened.access_token.expose(), "renewed-token");
    // What was not given stays as it was.
    assert_eq!(opened.app_secret.expose(), "sandbox-app-secret");
    let audit = "SELECT count(*) FROM audit_log WHERE action = 'connection.update' AND detail::text NOT LIKE '%renewed%'";
    assert_eq!(app.count(audit).await, 1);
}

#[tokio::test]
async fn a_change_of_a_connection_is_refused_by_field_and_to_others() {
    let app = TestApp::start().await;
    let (workspace, stranger) = (app.workspace().await, app.workspace().await);
    let path = format!("/v1/connections/{}", workspace.connection);
    let patch = |key: &str, body: Value| app.call("PATCH", &path).key(key).json(&body).send();
    for (body, status, code, field) in [
        (json!({ "accessToken": "two words" }), 422, "invalid_request", "accessToken"),
        (json!({ "accessToken": null }), 400, "required_field_missing", "accessToken"),
        (json!({ "verifyToken": "" }), 422, "invalid_request", "verifyToken"),
        (json!({ "externalId": "1" }), 422, "unknown_field", "externalId"),
        (json!({ "apiUrl": "https://graph.example.com" }), 422, "api_url_not_allowed", "apiUrl"),
    ] {
        let refused = patch(&workspace.token, body.clone()).await;
        assert_eq!(refused.fields(status, code), [field], "{body}");
    }
    patch(&stranger.token, json!({})).await.problem(404, "not_found");
    app.call("DELETE", &path).key(&stranger.token).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_connection_goes_only_once_its_inboxes_have_gone_and_their_history_stays() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let chat = workspace.conversation(app.pool(), "15550001111").await;
    let path = format!("/v1/connections/{}", workspace.connection);
    let delete = |path: String| app.call("DELETE", &path).key(&workspace.token).send();
    delete(path.clone()).await.problem(409, "in_use");
    assert_eq!(delete(format!("/v1/inboxes/{}", workspace.inbox)).await.status, 204);
    assert_eq!(delete(path.clone()).await.status, 204);
    delete(path.clone()).await.problem(404, "not_found");
    app.get(&path).key(&workspace.token).send().await.problem(404, "not_found");
    assert_eq!(app.count("SELECT count(*) FROM connections").await, 0);
    let chat = app.get(&format!("/v1/conversations/{chat}")).key(&workspace.token).send().await.expect(200);
    assert_eq!(chat["inboxId"], workspace.inbox.to_string());
}
