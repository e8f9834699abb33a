//! Users: roles, who may change whom, and the last owner.

use common::domain::principal::{Role, Scope};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::teams::call;

fn ada(role: &str) -> Option<Value> {
    Some(json!({ "name": "Ada", "email": format!("ada.{role}@example.com"), "role": role }))
}

#[tokio::test]
async fn a_user_is_added_shown_listed_changed_disabled_and_brought_back() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let added = call(&app, &of, "POST", "/users", ada("agent")).await;
    let path = added.header("location").trim_start_matches("/v1").to_owned();
    let added = added.expect(201);
    let keys: Vec<&String> = added.as_object().unwrap().keys().collect();
    let expected =
        ["available", "avatarUrl", "createdAt", "disabledAt", "email", "id", "name", "role", "updatedAt"];
    assert_eq!(keys, expected);
    assert_eq!(call(&app, &of, "GET", &path, None).await.expect(200), added);
    let listed = call(&app, &of, "GET", "/users", None).await.expect(200);
    assert_eq!(listed["users"][1], added);
    let patch = json!({ "name": "Ada L.", "role": "admin", "avatarUrl": "https://x.example/a.png", "available": false });
    let changed = call(&app, &of, "PATCH", &path, Some(patch.clone())).await.expect(200);
    for (field, value) in patch.as_object().unwrap() {
        assert_eq!(&changed[field], value);
    }
    let cleared = call(&app, &of, "PATCH", &path, Some(json!({ "avatarUrl": null }))).await.expect(200);
    assert_eq!((&cleared["avatarUrl"], &cleared["name"]), (&Value::Null, &json!("Ada L.")));
    for _ in 0..2 {
        assert_eq!(call(&app, &of, "DELETE", &path, None).await.status, 204);
    }
    assert!(call(&app, &of, "GET", &path, None).await.expect(200)["disabledAt"].is_string());
    let back = call(&app, &of, "PATCH", &path, Some(json!({ "disabled": false }))).await.expect(200);
    assert_eq!(back["disabledAt"], Value::Null);
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'user.disable'").await, 1);
    let again = call(&app, &of, "POST", "/users", ada("agent")).await;
    assert_eq!(again.fields(409, "already_exists"), ["email"]);
}

#[tokio::test]
async fn nobody_gives_or_takes_a_role_above_their_own() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let admin = app.key(&of, Role::Admin, &[]).await;
    let as_admin = |method: &'static str, path: String, body: Option<Value>| {
        let call = app.call(method, &format!("/v1{path}")).key(&admin);
        async move {
            match body {
                Some(body) => call.json(&body).send().await,
                None => call.send().await,
            }
        }
    };
    as_admin("POST", "/users".into(), ada("owner")).await.problem(403, "insufficient_role");
    let path = format!("/users/{}", of.user);
    for body in [json!({ "role": "agent" }), json!({ "name": "Me" }), json!({ "disabled": true })] {
        as_admin("PATCH", path.clone(), Some(body)).await.problem(403, "insufficient_role");
    }
    as_admin("DELETE", path, None).await.problem(403, "insufficient_role");
    let agent = as_admin("POST", "/users".into(), ada("agent")).await.expect(201);
    let path = format!("/users/{}", agent["id"].as_str().unwrap());
    let told = as_admin("PATCH", path.clone(), Some(json!({ "role": "owner" }))).await;
    let told = told.problem(403, "insufficient_role")["detail"].as_str().unwrap().to_owned();
    assert!(told.contains("owner") && told.contains("admin"), "{told}");
    as_admin("PATCH", path, Some(json!({ "role": "admin" }))).await.expect(200);
}

#[tokio::test]
async fn the_last_owner_cannot_be_removed_not_even_by_two_who_remove_one_another() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let me = format!("/users/{}", of.user);
    call(&app, &of, "DELETE", &me, None).await.problem(409, "last_owner");
    for body in [json!({ "role": "admin" }), json!({ "disabled": true })] {
        call(&app, &of, "PATCH", &me, Some(body)).await.problem(409, "last_owner");
    }
    for round in 0..5 {
        let second = json!({ "name": "Ben", "email": format!("ben{round}@example.com"), "role": "owner" });
        let second = call(&app, &of, "POST", "/users", Some(second)).await.expect(201);
        let other = format!("/users/{}", second["id"].as_str().unwrap());
        let both = [
            call(&app, &of, "PATCH", &me, Some(json!({ "role": "agent" }))),
            call(&app, &of, "PATCH", &other, Some(json!({ "role": "agent" }))),
        ];
        let mut statuses: Vec<u16> =
            futures_util::future::join_all(both).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert!([[200, 409], [200, 403]].contains(&[statuses[0], statuses[1]]), "{statuses:?}");
        let owners = "SELECT count(*) FROM users WHERE role = 'owner' AND disabled_at IS NULL";
        assert_eq!(app.count(owners).await, 1);
        app.execute(&format!("UPDATE users SET role = 'owner' WHERE id = '{}'", of.user.0)).await;
        app.execute(&format!("UPDATE users SET role = 'agent' WHERE id <> '{}'", of.user.0)).await;
    }
}

#[tokio::test]
async fn an_agent_says_whether_they_are_available_and_changes_nothing_else_of_weight() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let agent = app.key(&of, Role::Agent, &[]).await;
    let patch = |body: Value| app.call("PATCH", "/v1/users/me").key(&agent).json(&body).send();
    let me = patch(json!({ "available": false })).await.expect(200);
    assert_eq!((&me["id"], &me["available"]), (&json!(of.user), &json!(false)));
    assert_eq!(app.get("/v1/users/me").key(&agent).send().await.expect(200), me);
    assert_eq!(patch(json!({ "role": "owner" })).await.fields(422, "unknown_field"), ["role"]);
    let narrowed = app.key(&of, Role::Owner, &[Scope::UserRead]).await;
    let refused = app.call("PATCH", "/v1/users/me").key(&narrowed).json(&json!({})).send().await;
    refused.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn what_a_user_cannot_be_is_refused_by_field() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let with = |field: &str, value: Value| {
        let mut body = ada("agent").unwrap();
        body[field] = value;
        Some(body)
    };
    for (body, status, code, field) in [
        (with("name", json!(null)), 400, "required_field_missing", "name"),
        (with("email", json!("nobody")), 422, "invalid_request", "email"),
        (with("email", json!("a b@example.com")), 422, "invalid_request", "email"),
        (with("role", json!("king")), 422, "unsupported_value", "role"),
        (with("avatarUrl", json!("javascript:alert(1)")), 422, "invalid_request", "avatarUrl"),
        (with("available", json!(true)), 422, "unknown_field", "available"),
    ] {
        let refused = call(&app, &of, "POST", "/users", body.clone()).await;
        assert_eq!(refused.fields(status, code), [field], "{body:?}");
    }
}
