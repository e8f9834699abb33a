//! Whose a conversation is: assignable users, assigning, and the chain of events it leaves.

use common::config::{Secret, UserDirectory};
use common::db::users::{self, NewUser};
use common::domain::ids::{ConversationId, UserId};
use common::domain::principal::Role;
use common::testing::{Workspace, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::conversation_changes::events;
use crate::support::{Options, TestApp};

async fn user(app: &TestApp, workspace: &Workspace, name: &str) -> UserId {
    let email = format!("{}@example.com", name.to_lowercase());
    let new = NewUser { name, email: &email, role: Role::Agent };
    let client = app.pool().get().await.unwrap();
    users::insert(&client, workspace.organization, new).await.unwrap().id
}

async fn ready() -> (TestApp, Workspace, ConversationId, String) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let id = workspace.conversation(app.pool(), "15550000001").await;
    let path = format!("/v1/conversations/{id}/assignee");
    (app, workspace, id, path)
}

async fn assign(app: &TestApp, workspace: &Workspace, path: &str, user: impl ToString) {
    let body = json!({ "userId": user.to_string() });
    let answer = app.post(path).key(&workspace.token).json(&body).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
}

async fn assignee(app: &TestApp, workspace: &Workspace, id: ConversationId) -> Value {
    let shown = app.get(&format!("/v1/conversations/{id}")).key(&workspace.token).send().await.expect(200);
    shown["assignee"].clone()
}

#[tokio::test]
async fn assigning_replaces_and_unassigning_clears_with_one_event_for_each_change() {
    let (app, workspace, id, path) = ready().await;
    let (ada, ben) = (user(&app, &workspace, "Ada").await, user(&app, &workspace, "Ben").await);
    app.execute("UPDATE users SET avatar_url = 'https://x.example/ada.png' WHERE name = 'Ada'").await;
    assign(&app, &workspace, &path, ada).await;
    let shown = json!({ "userId": ada, "name": "Ada", "avatarUrl": "https://x.example/ada.png" });
    assert_eq!(assignee(&app, &workspace, id).await, shown);
    // The same again, in the other form of the id: no change.
    assign(&app, &workspace, &path, ada.0).await;
    assign(&app, &workspace, &path, ben).await;
    for _ in 0..2 {
        let answer = app.call("DELETE", &path).key(&workspace.token).send().await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    assert_eq!(assignee(&app, &workspace, id).await, Value::Null);
    let by = json!({ "type": "apiKey", "id": workspace.key, "name": "Test key", "userId": workspace.user });
    let told = |assignee: Value, previous: Value| {
        json!({
            "conversation": { "id": id, "inboxId": workspace.inbox, "assignee": assignee },
            "previousAssigneeId": previous, "by": by,
        })
    };
    let assigned = [
        told(json!({ "userId": ada, "name": "Ada" }), Value::Null),
        told(json!({ "userId": ben, "name": "Ben" }), json!(ada)),
    ];
    assert_eq!(events(&app, "conversation.assigned").await, assigned);
    assert_eq!(events(&app, "conversation.unassigned").await, [told(Value::Null, json!(ben))]);
    let audited =
        "SELECT count(*) FROM audit_log WHERE action IN ('conversation.assign', 'conversation.unassign')";
    assert_eq!(app.count(audited).await, 3);
}

#[tokio::test]
async fn a_faulty_assignment_is_refused_and_names_what_is_wrong() {
    let (app, workspace, id, path) = ready().await;
    let other = app.workspace().await;
    let removed = user(&app, &workspace, "Gone").await;
    app.execute(&format!("UPDATE users SET disabled_at = now() WHERE id = '{}'", removed.0)).await;
    let post = |body: String| app.post(&path).key(&workspace.token).raw(body).send();
    assert_eq!(
        app.post(&path).key(&workspace.token).send().await.fields(400, "required_field_missing"),
        ["userId"]
    );
    for body in ["{}", r#"{"userId":null}"#] {
        assert_eq!(post(body.into()).await.fields(400, "required_field_missing"), ["userId"], "{body}");
    }
    assert_eq!(post(r#"{"userId":5}"#.into()).await.fields(400, "wrong_type"), ["userId"]);
    assert_eq!(post(r#"{"userId":"a","team":1}"#.into()).await.fields(422, "unknown_field"), ["team"]);
    for nobody in
        ["nonsense".to_owned(), UserId::new().to_string(), other.user.to_string(), removed.to_string()]
    {
        let problem = post(json!({ "userId": nobody }).to_string()).await.problem(404, "not_found");
        assert_eq!(problem["detail"], "There is no such user", "{nobody}");
    }
    let body = json!({ "userId": workspace.user });
    let foreign = app.post(&path).key(&other.token).json(&body).send().await.problem(404, "not_found");
    assert_eq!(foreign["detail"], "There is no such conversation");
    app.call("DELETE", &path).key(&other.token).send().await.problem(404, "not_found");
    assert_eq!(assignee(&app, &workspace, id).await, Value::Null);
    assert_eq!(app.count("SELECT count(*) FROM events").await, 0);
}

#[tokio::test]
async fn an_assignment_with_an_idempotency_key_acts_once() {
    let (app, workspace, id, path) = ready().await;
    let body = json!({ "userId": workspace.user });
    let post = async |path: &str| {
        app.post(path).key(&workspace.token).header("idempotency-key", "a-1").json(&body).send().await
    };
    assert_eq!(post(&path).await.status, 204);
    app.call("DELETE", &path).key(&workspace.token).send().await;
    let again = post(&path).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (204, "true"));
    assert_eq!(assignee(&app, &workspace, id).await, Value::Null);
    let second = workspace.conversation(app.pool(), "15550000002").await;
    post(&format!("/v1/conversations/{second}/assignee")).await.problem(409, "idempotency_key_reused");
}

#[tokio::test]
async fn twenty_assignments_at_once_end_with_one_assignee_and_an_unbroken_chain_of_events() {
    let (app, workspace, id, path) = ready().await;
    let mut team = Vec::new();
    for number in 0..20 {
        team.push(user(&app, &workspace, &format!("User{number}")).await);
    }
    join_all(team.iter().map(|user| assign(&app, &workspace, &path, user))).await;
    let told = events(&app, "conversation.assigned").await;
    assert_eq!(told.len(), 20);
    let mut previous = Value::Null;
    for event in &told {
        assert_eq!(event["previousAssigneeId"], previous);
        previous = event["conversation"]["assignee"]["userId"].clone();
    }
    assert_eq!(assignee(&app, &workspace, id).await["userId"], previous);
}

#[tokio::test]
async fn lists_can_be_narrowed_to_one_persons_or_nobodys() {
    let (app, workspace, id, path) = ready().await;
    let free = workspace.conversation(app.pool(), "15550000002").await;
    assign(&app, &workspace, &path, workspace.user).await;
    let list = async |query: &str| -> Vec<String> {
        let page =
            app.get(&format!("/v1/conversations?{query}")).key(&workspace.token).send().await.expect(200);
        let found = page["conversations"].as_array().unwrap();
        found.iter().map(|conversation| conversation["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(&format!("assigneeId={}", workspace.user)).await, [id.to_string()]);
    assert_eq!(list(&format!("assigneeId={}&unreadOnly=true", workspace.user.0)).await, Vec::<String>::new());
    assert_eq!(list(&format!("assigneeId={}", UserId::new())).await, Vec::<String>::new());
    assert_eq!(list("unassigned=true").await, [free.to_string()]);
    assert_eq!(list("unassigned=true&channelIds=whatsapp&pageSize=1").await, [free.to_string()]);
    assert_eq!(list("unassigned=false").await.len(), 2);
    let bad =
        async |query: &str| app.get(&format!("/v1/conversations?{query}")).key(&workspace.token).send().await;
    assert_eq!(bad("assigneeId=nobody").await.fields(400, "invalid_parameter"), ["assigneeId"]);
    let both = format!("unassigned=true&assigneeId={}", workspace.user);
    assert_eq!(bad(&both).await.fields(400, "invalid_parameter"), ["unassigned"]);
}

async fn assignable(app: &TestApp, workspace: &Workspace) -> Value {
    app.get("/v1/conversations/assignable-users").key(&workspace.token).send().await.expect(200)
}

#[tokio::test]
async fn the_assignable_users_are_the_organizations_own_who_were_not_removed() {
    let (app, workspace, ..) = ready().await;
    app.workspace().await;
    let (ada, zoe) = (user(&app, &workspace, "ada").await, user(&app, &workspace, "Zoe").await);
    let gone = user(&app, &workspace, "Gone").await;
    app.execute(&format!(
        "UPDATE users SET disabled_at = now() WHERE id = '{}';
        UPDATE users SET avatar_url = 'https://x.example/zoe.png' WHERE id = '{}'",
        gone.0, zoe.0
    ))
    .await;
    let expected = json!({ "users": [
        { "id": ada, "name": "ada", "avatarUrl": null },
        { "id": workspace.user, "name": "Olu", "avatarUrl": null },
        { "id": zoe, "name": "Zoe", "avatarUrl": "https://x.example/zoe.png" },
    ]});
    assert_eq!(assignable(&app, &workspace).await, expected);
}

/// A directory that answers what it is told to, and counts how often it was asked; `None` is silence.
async fn directory() -> (UserDirectory, watch::Sender<Option<(u16, String)>>, watch::Receiver<u32>) {
    use axum::extract::RawQuery;
    use axum::http::{HeaderMap, StatusCode};
    let (answer, answers) = watch::channel(Some((200, r#"{"users":[]}"#.to_owned())));
    let (count, counted) = watch::channel(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/users?v=1", listener.local_addr().unwrap()).parse().unwrap();
    let handler = async move |RawQuery(query): RawQuery, headers: HeaderMap| {
        count.send_modify(|count| *count += 1);
        assert_eq!(headers["authorization"], "Bearer directory-token");
        assert!(query.unwrap().starts_with("v=1&organizationId=tn_"));
        let answer = answers.borrow().clone();
        match answer {
            Some((status, body)) => (StatusCode::from_u16(status).unwrap(), body),
            None => std::future::pending().await,
        }
    };
    let routes = axum::Router::new().route("/users", axum::routing::get(handler));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let token = Some(Secret::new("directory-token"));
    (UserDirectory { url, token }, answer, counted)
}

#[tokio::test]
async fn a_configured_directory_gives_names_and_pictures_and_its_failure_is_a_502() {
    let (upstream, answer, counted) = directory().await;
    let app = TestApp::start_with(Options { user_directory: Some(upstream), ..Options::default() }).await;
    let workspace = app.workspace().await;
    let ben = user(&app, &workspace, "Ben").await;
    let call = || app.get("/v1/conversations/assignable-users").key(&workspace.token).send();
    for broken in
        [Some((500, "{}".to_owned())), Some((200, "[]".to_owned())), Some((302, String::new())), None]
    {
        answer.send_replace(broken.clone());
        call().await.problem(502, "user_directory_unavailable");
    }
    // Assigning does not need it.
    let id = workspace.conversation(app.pool(), "15550000001").await;
    assign(&app, &workspace, &format!("/v1/conversations/{id}/assignee"), ben).await;
    let listed = json!({ "users": [
        { "email": "OLU@example.com", "name": "Olu Okafor", "avatarUrl": "https://x.example/olu.png" },
        { "id": ben.to_string(), "name": "Benjamin" }, { "email": "stranger@example.com", "name": "Stranger" },
    ]});
    answer.send_replace(Some((200, listed.to_string())));
    let expected = json!({ "users": [
        { "id": ben, "name": "Benjamin", "avatarUrl": null },
        { "id": workspace.user, "name": "Olu Okafor", "avatarUrl": "https://x.example/olu.png" },
    ]});
    assert_eq!(assignable(&app, &workspace).await, expected);
    // What it said is used for a while, whatever becomes of it.
    answer.send_replace(None);
    let asked = *counted.borrow();
    assert_eq!(assignable(&app, &workspace).await, expected);
    assert_eq!(*counted.borrow(), asked);
    eventually("a user removed here is gone at once", std::time::Duration::from_secs(5), async || {
        app.execute(&format!("UPDATE users SET disabled_at = now() WHERE id = '{}'", ben.0)).await;
        let users = assignable(&app, &workspace).await["users"].as_array().unwrap().len();
        if users == 1 { Ok(()) } else { Err(users) }
    })
    .await;
}
