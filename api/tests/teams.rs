//! Teams: names, members, the fallback, and what is left when one goes.

use common::domain::ids::{TeamId, UserId};
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

pub(crate) async fn call(
    app: &TestApp,
    of: &Workspace,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let call = app.call(method, &format!("/v1{path}")).key(&of.token);
    match body {
        Some(body) => call.json(&body).send().await,
        None => call.send().await,
    }
}

/// A team with as many members, in the order of their turns.
pub(crate) async fn team(app: &TestApp, of: &Workspace, mode: &str, members: usize) -> (TeamId, Vec<UserId>) {
    let body = json!({ "name": format!("Team {}", TeamId::new()), "mode": mode });
    let team = call(app, of, "POST", "/teams", Some(body)).await.expect(201);
    let id: TeamId = team["id"].as_str().unwrap().parse().unwrap();
    let mut users = Vec::new();
    for n in 0..members {
        let email = format!("member{n}.{}@example.com", UserId::new());
        let body = json!({ "name": format!("Member {n}"), "email": email, "role": "agent" });
        let user = call(app, of, "POST", "/users", Some(body)).await.expect(201);
        let user: UserId = user["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/teams/{id}/members/{user}");
        assert_eq!(call(app, of, "PUT", &path, None).await.status, 204);
        users.push(user);
    }
    users.sort_unstable();
    (id, users)
}

#[tokio::test]
async fn a_team_is_made_shown_listed_and_changed() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let made = call(&app, &of, "POST", "/teams", Some(json!({ "name": "Support" }))).await;
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["createdAt", "fallback", "id", "members", "mode", "name", "updatedAt"]);
    assert_eq!((&made["mode"], &made["fallback"]), (&json!("manual"), &json!(false)));
    assert_eq!(app.get(&location).key(&of.token).send().await.expect(200), made);
    let path = location.trim_start_matches("/v1");
    let patch = json!({ "name": "Help", "mode": "roundRobin", "fallback": true });
    let changed = call(&app, &of, "PATCH", path, Some(patch)).await.expect(200);
    assert_eq!(changed["mode"], "roundRobin");
    let taken = call(&app, &of, "POST", "/teams", Some(json!({ "name": "HELP" }))).await;
    assert_eq!(taken.fields(409, "already_exists"), ["name"]);
    // One fallback at a time.
    let second = json!({ "name": "Second", "fallback": true });
    let second = call(&app, &of, "POST", "/teams", Some(second)).await.expect(201);
    let listed = call(&app, &of, "GET", "/teams", None).await.expect(200);
    let fallbacks: Vec<&Value> =
        listed["teams"].as_array().unwrap().iter().map(|it| &it["fallback"]).collect();
    assert_eq!(fallbacks, [&json!(false), &json!(true)]);
    let page = call(&app, &of, "GET", "/teams?pageSize=1", None).await.expect(200);
    let next = format!("/teams?pageSize=1&pageToken={}", page["nextPageToken"].as_str().unwrap());
    let next = call(&app, &of, "GET", &next, None).await.expect(200);
    assert_eq!((&next["teams"][0]["id"], &next["nextPageToken"]), (&second["id"], &Value::Null));
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action LIKE 'team.%'").await, 3);
}

#[tokio::test]
async fn members_come_and_go_and_only_users_of_the_organization_are_taken() {
    let app = TestApp::start().await;
    let (of, stranger) = (app.workspace().await, app.workspace().await);
    let (id, users) = team(&app, &of, "manual", 2).await;
    let path = format!("/teams/{id}");
    let member = |user: &UserId| format!("{path}/members/{user}");
    assert_eq!(call(&app, &of, "PUT", &member(&users[0]), None).await.status, 204);
    call(&app, &of, "PUT", &member(&stranger.user), None).await.problem(404, "not_found");
    call(&app, &of, "PUT", &format!("{path}/members/nobody"), None).await.problem(404, "not_found");
    call(&app, &stranger, "PUT", &member(&stranger.user), None).await.problem(404, "not_found");
    let away = json!({ "available": false });
    call(&app, &of, "PATCH", &format!("/users/{}", users[1]), Some(away)).await.expect(200);
    let shown = call(&app, &of, "GET", &path, None).await.expect(200);
    let told: Vec<(&Value, &Value)> =
        shown["members"].as_array().unwrap().iter().map(|it| (&it["userId"], &it["available"])).collect();
    assert_eq!(told, [(&json!(users[0]), &json!(true)), (&json!(users[1]), &json!(false))]);
    for _ in 0..2 {
        assert_eq!(call(&app, &of, "DELETE", &member(&users[0]), None).await.status, 204);
    }
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'team.add_member'").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'team.remove_member'").await, 1);
    call(&app, &of, "DELETE", &format!("/users/{}", users[0]), None).await;
    call(&app, &of, "PUT", &member(&users[0]), None).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_team_that_goes_leaves_its_inboxes_without_one_and_its_name_free() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let made = call(&app, &of, "POST", "/teams", Some(json!({ "name": "Support", "fallback": true }))).await;
    let id = made.expect(201)["id"].clone();
    let inbox = format!("/inboxes/{}/team", of.inbox);
    call(&app, &of, "PUT", &inbox, Some(json!({ "teamId": id }))).await.expect(200);
    let path = format!("/teams/{}", id.as_str().unwrap());
    assert_eq!(call(&app, &of, "DELETE", &path, None).await.status, 204);
    let shown = call(&app, &of, "GET", &format!("/inboxes/{}", of.inbox), None).await.expect(200);
    assert_eq!(shown["teamId"], Value::Null);
    for (method, body) in [("GET", None), ("DELETE", None), ("PATCH", Some(json!({ "name": "X" })))] {
        call(&app, &of, method, &path, body).await.problem(404, "not_found");
    }
    call(&app, &of, "PUT", &inbox, Some(json!({ "teamId": id }))).await.problem(404, "not_found");
    call(&app, &of, "POST", "/teams", Some(json!({ "name": "Support" }))).await.expect(201);
}

#[tokio::test]
async fn what_a_team_cannot_be_is_refused_by_field() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    for (body, status, code, field) in [
        (json!({}), 400, "required_field_missing", "name"),
        (json!({ "name": "" }), 422, "invalid_request", "name"),
        (json!({ "name": "  " }), 422, "invalid_request", "name"),
        (json!({ "name": "A", "mode": "random" }), 422, "unsupported_value", "mode"),
        (json!({ "name": "A", "fallback": "yes" }), 400, "wrong_type", "fallback"),
        (json!({ "name": "A", "members": [] }), 422, "unknown_field", "members"),
    ] {
        let refused = call(&app, &of, "POST", "/teams", Some(body.clone())).await;
        assert_eq!(refused.fields(status, code), [field], "{body}");
    }
}
