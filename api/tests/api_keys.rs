//! API keys: shown once, never more than their maker has, replaced with an overlap, revoked.

use std::time::Duration;

use common::domain::ids::UserId;
use common::domain::principal::{Role, Scope};
use common::testing::{Workspace, eventually};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};
use crate::teams::call;

async fn create(app: &TestApp, key: &str, body: Value) -> Answer {
    app.post("/v1/api-keys").key(key).json(&body).send().await
}

async fn works(app: &TestApp, created: &Value) -> u16 {
    app.get("/v1/inboxes").key(created["key"].as_str().unwrap()).send().await.status
}

/// A key that is tried for the first time, or long enough after, is not remembered.
async fn stops(app: &TestApp, created: &Value, code: &str) {
    eventually("the key stops working", Duration::from_secs(15), async || {
        let answer = app.get("/v1/inboxes").key(created["key"].as_str().unwrap()).send().await;
        if answer.body["code"] == code { Ok(()) } else { Err(answer) }
    })
    .await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_works() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let body = json!({ "name": "Shop", "role": "agent", "scopes": ["inbox:list", "inbox:list"] });
    let created = create(&app, &of.token, body).await;
    let path = created.header("location").trim_start_matches("/v1").to_owned();
    let created = created.expect(201);
    let token = created["key"].as_str().unwrap();
    assert!(token.starts_with("sk_org_") && token.starts_with(created["hint"].as_str().unwrap()));
    assert_eq!((&created["role"], &created["scopes"]), (&json!("agent"), &json!(["inbox:list"])));
    assert_eq!(works(&app, &created).await, 200);
    let shown = call(&app, &of, "GET", &path, None).await;
    let list = call(&app, &of, "GET", "/api-keys", None).await;
    assert!(!shown.text.contains(token) && !list.text.contains(token));
    let keys: Vec<String> = shown.expect(200).as_object().unwrap().keys().cloned().collect();
    let expected = "createdAt expiresAt hint id lastUsedAt name replacesId revokedAt role scopes userId";
    assert_eq!(keys.join(" "), expected);
    assert_eq!(list.expect(200)["apiKeys"].as_array().unwrap().len(), 2);
    let renamed = call(&app, &of, "PATCH", &path, Some(json!({ "name": "Till" }))).await.expect(200);
    assert_eq!(renamed["name"], "Till");
    eventually("its use is noted", Duration::from_secs(10), async || {
        let shown = call(&app, &of, "GET", &path, None).await.expect(200);
        if shown["lastUsedAt"].is_string() { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    let stored = "SELECT count(*) FROM api_keys WHERE position('sk_org_' IN encode(hash, 'escape')) > 0";
    assert_eq!(app.count(stored).await, 0);
    assert_eq!(
        app.count(&format!("SELECT count(*) FROM audit_log WHERE detail::text LIKE '%{token}%'")).await,
        0
    );
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_the_same_key_which_is_kept_sealed() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let post = || {
        let body = json!({ "name": "Shop" });
        app.post("/v1/api-keys").key(&of.token).header("idempotency-key", "k1").json(&body).send()
    };
    let first = post().await.expect(201);
    let again = post().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first);
    let token = first["key"].as_str().unwrap();
    let plain = format!("SELECT count(*) FROM idempotency_keys WHERE position('{token}'::bytea IN body) > 0");
    assert_eq!(app.count(&plain).await, 0);
    assert_eq!(app.count("SELECT count(*) FROM idempotency_keys WHERE sealed").await, 1);
    assert_eq!(app.count("SELECT count(*) FROM api_keys WHERE name = 'Shop'").await, 1);
}

#[tokio::test]
async fn a_key_never_gives_more_than_it_has() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let admin = app.key(&of, Role::Admin, &[]).await;
    create(&app, &admin, json!({ "name": "A", "role": "owner" })).await.problem(403, "insufficient_role");
    let inherited = create(&app, &admin, json!({ "name": "A" })).await.expect(201);
    assert_eq!((&inherited["role"], &inherited["scopes"]), (&json!("admin"), &json!([])));
    let narrow = app.key(&of, Role::Owner, &[Scope::ApiKeyCreate, Scope::InboxList]).await;
    let refused = create(&app, &narrow, json!({ "name": "A", "scopes": ["message:create"] })).await;
    let refused = refused.problem(403, "insufficient_scope");
    assert!(refused["detail"].as_str().unwrap().contains("message:create"), "{refused}");
    // No scopes would mean all of them.
    let all = create(&app, &narrow, json!({ "name": "A", "scopes": [] })).await;
    all.problem(403, "insufficient_scope");
    let inherited = create(&app, &narrow, json!({ "name": "A" })).await.expect(201);
    assert_eq!(inherited["scopes"], json!(["inbox:list", "api_key:create"]));
    let owner = call(&app, &of, "GET", &format!("/api-keys/{}", of.key), None).await.expect(200);
    assert_eq!(owner["role"], "owner");
    for (method, path) in [
        ("DELETE", format!("/v1/api-keys/{}", of.key)),
        ("PATCH", format!("/v1/api-keys/{}", of.key)),
        ("POST", format!("/v1/api-keys/{}/rotate", of.key)),
    ] {
        let call = app.call(method, &path).key(&admin).json(&json!({ "name": "A" }));
        let call = if method == "PATCH" { call } else { app.call(method, &path).key(&admin) };
        call.send().await.problem(403, "insufficient_role");
    }
    assert_eq!(app.get("/v1/inboxes").key(&of.token).send().await.status, 200);
}

#[tokio::test]
async fn a_key_that_ends_makes_none_that_lives_longer() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let end = "2098-01-01T00:00:00.000Z";
    let maker = create(&app, &of.token, json!({ "name": "Maker", "expiresAt": end })).await.expect(201);
    let key = maker["key"].as_str().unwrap();
    let longer = create(&app, key, json!({ "name": "A", "expiresAt": "2099-01-01T00:00:00Z" })).await;
    assert_eq!(longer.fields(422, "invalid_request"), ["expiresAt"]);
    let made = create(&app, key, json!({ "name": "A" })).await.expect(201);
    assert_eq!(made["expiresAt"], end);
    let past = create(&app, &of.token, json!({ "name": "A", "expiresAt": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(past.fields(422, "invalid_request"), ["expiresAt"]);
    // Replacing a key that does not end would outlive the one that asks.
    let path = format!("/v1/api-keys/{}/rotate", of.key);
    let rotated = app.post(&path).key(key).send().await;
    assert_eq!(rotated.fields(422, "invalid_request"), ["expiresAt"]);
}

#[tokio::test]
async fn a_key_is_for_a_user_who_is_there_and_no_higher() {
    let app = TestApp::start().await;
    let (of, stranger) = (app.workspace().await, app.workspace().await);
    let agent = json!({ "name": "Ada", "email": "ada@example.com", "role": "agent" });
    let agent = call(&app, &of, "POST", "/users", Some(agent)).await.expect(201)["id"].clone();
    let made = create(&app, &of.token, json!({ "name": "A", "userId": agent })).await.expect(201);
    assert_eq!((&made["userId"], &made["role"]), (&agent, &json!("agent")));
    let above = create(&app, &of.token, json!({ "name": "A", "userId": agent, "role": "admin" })).await;
    assert_eq!(above.fields(422, "invalid_request"), ["role"]);
    for user in [json!(stranger.user), json!(UserId::new()), json!("ada")] {
        create(&app, &of.token, json!({ "name": "A", "userId": user })).await.problem(404, "not_found");
    }
    let admin = app.key(&of, Role::Admin, &[]).await;
    let second = json!({ "name": "Ben", "email": "ben@example.com", "role": "owner" });
    let second = call(&app, &of, "POST", "/users", Some(second)).await.expect(201)["id"].clone();
    let as_owner = create(&app, &admin, json!({ "name": "A", "userId": second, "role": "admin" })).await;
    as_owner.problem(403, "insufficient_role");
    call(&app, &of, "DELETE", &format!("/users/{}", agent.as_str().unwrap()), None).await;
    create(&app, &of.token, json!({ "name": "A", "userId": agent })).await.problem(404, "not_found");
    stops(&app, &made, "user_disabled").await;
}

#[tokio::test]
async fn a_key_is_replaced_with_an_overlap_and_only_once() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let old = create(&app, &of.token, json!({ "name": "Shop", "scopes": ["inbox:list"] })).await.expect(201);
    let path = format!("/api-keys/{}", old["id"].as_str().unwrap());
    let rotate = format!("{path}/rotate");
    let new = call(&app, &of, "POST", &rotate, None).await.expect(201);
    assert_eq!((&new["replacesId"], &new["scopes"]), (&old["id"], &old["scopes"]));
    assert_eq!((&new["name"], &new["expiresAt"]), (&json!("Shop"), &Value::Null));
    assert_eq!((works(&app, &old).await, works(&app, &new).await), (200, 200));
    assert!(call(&app, &of, "GET", &path, None).await.expect(200)["expiresAt"].is_string());
    call(&app, &of, "POST", &rotate, None).await.problem(409, "key_ended");
    // Without an overlap the old one ends at once.
    let rotate = format!("/api-keys/{}/rotate", new["id"].as_str().unwrap());
    let third = call(&app, &of, "POST", &rotate, Some(json!({ "overlapSeconds": 0 }))).await.expect(201);
    stops(&app, &new, "key_expired").await;
    assert_eq!(works(&app, &third).await, 200);
    let long = call(&app, &of, "POST", &rotate, Some(json!({ "overlapSeconds": 2_592_001 }))).await;
    assert_eq!(long.fields(422, "invalid_request"), ["overlapSeconds"]);
}

#[tokio::test]
async fn a_revoked_key_stops_and_stays_listed() {
    let app = TestApp::start().await;
    let of: Workspace = app.workspace().await;
    let made = create(&app, &of.token, json!({ "name": "Shop" })).await.expect(201);
    let path = format!("/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(works(&app, &made).await, 200);
    for _ in 0..2 {
        assert_eq!(call(&app, &of, "DELETE", &path, None).await.status, 204);
    }
    stops(&app, &made, "key_revoked").await;
    assert!(call(&app, &of, "GET", &path, None).await.expect(200)["revokedAt"].is_string());
    call(&app, &of, "POST", &format!("{path}/rotate"), None).await.problem(409, "key_ended");
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'api_key.revoke'").await, 1);
}

#[tokio::test]
async fn what_a_key_cannot_be_is_refused_by_field() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    for (body, status, code, fields) in [
        (json!({}), 400, "required_field_missing", vec!["name"]),
        (json!({ "name": " " }), 422, "invalid_request", vec!["name"]),
        (json!({ "name": "A", "role": "king" }), 422, "unsupported_value", vec!["role"]),
        (json!({ "name": "A", "expiresAt": 5 }), 400, "wrong_type", vec!["expiresAt"]),
        (
            json!({ "name": "A", "role": "agent", "scopes": ["inbox:list", "moon:walk", "inbox:delete"] }),
            422,
            "invalid_request",
            vec!["scopes[1]", "scopes[2]"],
        ),
    ] {
        assert_eq!(create(&app, &of.token, body.clone()).await.fields(status, code), fields, "{body}");
    }
}
