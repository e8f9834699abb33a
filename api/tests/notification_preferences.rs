//! What users want to be told: their own to set whatever their role, an admin's to set for others.

use common::domain::ids::UserId;
use common::domain::principal::{Role, Scope};
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::TestApp;

const MINE: &str = "/v1/users/me/notification-preferences";

fn of(user: UserId) -> String {
    format!("/v1/users/{user}/notification-preferences")
}

/// One more user of the workspace.
async fn agent(app: &TestApp, of: &Workspace) -> UserId {
    let (user, organization) = (UserId::new(), of.organization);
    app.execute(&format!(
        "INSERT INTO users (id, organization_id, name, email, role)
        VALUES ('{}', '{}', 'Ben', 'ben@example.com', 'agent')",
        user.0, organization.0
    ))
    .await;
    user
}

async fn read(app: &TestApp, path: &str, key: &str) -> Value {
    app.get(path).key(key).send().await.expect(200)
}

#[tokio::test]
async fn everything_is_on_until_somebody_says_otherwise_and_what_is_left_out_stays() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let (key, path) = (workspace.token.as_str(), of(workspace.user));
    let all = json!({ "assignments": true, "messages": true, "email": true });
    assert_eq!(read(&app, MINE, key).await, all);
    let patch = |path: &str, body: Value| app.call("PATCH", path).key(key).json(&body).send();
    let changed = patch(MINE, json!({ "messages": false })).await.expect(200);
    assert_eq!(changed, json!({ "assignments": true, "messages": false, "email": true }));
    assert_eq!(patch(&path, json!({ "email": false })).await.expect(200)["messages"], false);
    let by_uuid = format!("/v1/users/{}/notification-preferences", workspace.user.0);
    let expected = json!({ "assignments": true, "messages": false, "email": false });
    for path in [MINE, &path, &by_uuid] {
        assert_eq!(read(&app, path, key).await, expected, "{path}");
    }
    assert_eq!(patch(MINE, json!({})).await.expect(200), expected);
    let audited = format!(
        "SELECT count(*) FROM audit_log WHERE action = 'notification_preferences.update' AND resource_id = '{}'
            AND detail ? 'email' AND actor_id = '{}'",
        workspace.user.0, workspace.key.0
    );
    assert_eq!(app.count(&audited).await, 3);
}

#[tokio::test]
async fn an_agent_sets_their_own_and_nobody_elses() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let ben = agent(&app, &workspace).await;
    let as_ben = app.key_of(&workspace, ben, Role::Agent, &[]).await;
    let narrow = app.key_of(&workspace, ben, Role::Agent, &[Scope::UserRead]).await;
    let off = json!({ "assignments": false });
    app.call("PATCH", MINE).key(&as_ben).json(&off).send().await.expect(200);
    app.call("PATCH", MINE).key(&narrow).json(&off).send().await.problem(403, "insufficient_scope");
    for other in [of(workspace.user), of(ben)] {
        let answer = app.call("PATCH", &other).key(&as_ben).json(&off).send().await;
        answer.problem(403, "insufficient_scope");
    }
    // Ben's change touched Ben alone.
    assert_eq!(read(&app, &of(workspace.user), &as_ben).await["assignments"], true);
    assert_eq!(read(&app, &of(ben), &workspace.token).await["assignments"], false);
    let as_admin = app.key(&workspace, Role::Admin, &[]).await;
    let on = json!({ "assignments": true });
    assert_eq!(
        app.call("PATCH", &of(ben)).key(&as_admin).json(&on).send().await.expect(200)["assignments"],
        true
    );
}

#[tokio::test]
async fn what_cannot_be_a_preference_is_refused_by_name_and_changes_nothing() {
    let app = TestApp::start().await;
    let (workspace, stranger) = (app.workspace().await, app.workspace().await);
    let patch = |body: Value| app.call("PATCH", MINE).key(&workspace.token).json(&body).send();
    assert_eq!(patch(json!({ "email": null })).await.fields(400, "required_field_missing"), ["email"]);
    assert_eq!(patch(json!({ "email": "no" })).await.fields(400, "wrong_type"), ["email"]);
    assert_eq!(patch(json!({ "pigeon": true })).await.fields(422, "unknown_field"), ["pigeon"]);
    patch(json!([false])).await.problem(400, "malformed_request");
    for path in [of(stranger.user), of(UserId::new()), "/v1/users/nobody/notification-preferences".into()] {
        app.get(&path).key(&workspace.token).send().await.problem(404, "not_found");
        let off = json!({ "email": false });
        app.call("PATCH", &path).key(&workspace.token).json(&off).send().await.problem(404, "not_found");
    }
    assert_eq!(app.count("SELECT count(*) FROM notification_preferences").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM audit_log").await, 0);
}
