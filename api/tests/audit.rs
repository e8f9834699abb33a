//! The audit log as its readers see it.

use common::domain::principal::{Role, Scope};
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn read(app: &TestApp, workspace: &Workspace, query: &str) -> Value {
    app.get(&format!("/v1/audit?{query}")).key(&workspace.token).send().await.expect(200)
}

fn actions(page: &Value) -> Vec<&str> {
    page["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

async fn team(app: &TestApp, workspace: &Workspace, name: &str) -> String {
    let body = json!({ "name": name });
    let made = app.post("/v1/teams").key(&workspace.token).json(&body).send().await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_write_is_told_with_who_asked_what_and_when() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let id = team(&app, &workspace, "Night shift").await;
    let patched = app.call("PATCH", &format!("/v1/teams/{id}")).key(&workspace.token);
    let trace = patched.json(&json!({ "mode": "roundRobin" })).send().await;
    let trace = trace.header("x-trace-id").to_owned();
    let page = read(&app, &workspace, "").await;
    assert_eq!(actions(&page), ["team.update", "team.create"]);
    let entry = &page["entries"][0];
    assert!(
        entry["id"].as_str().unwrap().starts_with("aud_") && entry["at"].as_str().unwrap().ends_with('Z')
    );
    assert_eq!((&entry["resourceId"], &entry["traceId"]), (&json!(id), &json!(trace)));
    let actor = json!({ "type": "apiKey", "id": workspace.key.to_string(), "name": "Test key" });
    assert_eq!(entry["actor"], actor);
    assert_eq!(page["nextPageToken"], Value::Null);
}

#[tokio::test]
async fn it_is_narrowed_by_actor_action_resource_and_time_and_paged() {
    let app = TestApp::start().await;
    let (workspace, other) = (app.workspace().await, app.workspace().await);
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(team(&app, &workspace, &format!("Team {n}")).await);
    }
    app.call("DELETE", &format!("/v1/teams/{}", ids[0])).key(&workspace.token).send().await.expect(204);
    team(&app, &other, "Theirs").await;
    let count = async |query: &str| read(&app, &workspace, query).await["entries"].as_array().unwrap().len();
    assert_eq!(count("action=team.create").await, 5);
    assert_eq!(count(&format!("resourceId={}", ids[0])).await, 2);
    let uuid: common::domain::ids::TeamId = ids[0].parse().unwrap();
    assert_eq!(count(&format!("resourceId={}&action=team.delete", uuid.0)).await, 1);
    assert_eq!(count(&format!("actorId={}", workspace.key)).await, 6);
    assert_eq!(count(&format!("actorId={}", other.key)).await, 0);
    // The third of them and what came after it, by its time.
    let page = read(&app, &workspace, &format!("resourceId={}", ids[2])).await;
    let at = page["entries"][0]["at"].as_str().unwrap();
    app.execute("UPDATE audit_log SET at = date_trunc('milliseconds', at)").await;
    assert_eq!(count(&format!("from={at}")).await, 4);
    assert_eq!(count(&format!("to={at}")).await, 2);
    assert_eq!(count(&format!("from={at}&to={at}")).await, 0);
    assert_eq!(count("to=2001-01-01T00:00:00Z").await + count("from=2999-01-01T00:00:00Z").await, 0);
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let page = read(&app, &workspace, &format!("pageSize=4{token}")).await;
        seen.extend(
            page["entries"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["nextPageToken"].as_str() else { break };
        token = format!("&pageToken={next}");
    }
    assert!(seen.len() == 6 && seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    for (query, field) in
        [("actorId=x", "actorId"), ("resourceId=tea_", "resourceId"), ("pageSize=0", "pageSize")]
    {
        let answer = app.get(&format!("/v1/audit?{query}")).key(&workspace.token).send().await;
        assert_eq!(answer.fields(400, "invalid_parameter"), [field]);
    }
}

#[tokio::test]
async fn agents_and_keys_without_the_scope_do_not_see_it() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    for (role, scopes, status) in [
        (Role::Agent, &[][..], 403),
        (Role::Admin, &[], 200),
        (Role::Owner, &[Scope::InboxList], 403),
        (Role::Owner, &[Scope::AuditRead], 200),
    ] {
        let key = app.key(&workspace, role, scopes).await;
        app.get("/v1/audit").key(&key).send().await.expect(status);
    }
}
