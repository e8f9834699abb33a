//! Every operation against every state of a credential, and every id against a stranger.

use common::domain::ids::{
    ApiKeyId, ConnectionId, ContactId, ConversationId, CustomerId, InboxId, MediaId, MessageId,
    PhoneNumberId, TeamId, UserId, WebhookDeliveryId, WebhookId, WebhookReplayId,
};
use common::domain::principal::{Role, Scope};
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, Options, TestApp};

/// An operation that takes a key: method, path, scope, least role.
type Guarded = (String, String, Scope, Role);

/// Every operation that takes a key.
fn guarded() -> Vec<Guarded> {
    let document: Value = serde_json::from_slice(&api::openapi::document().unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(scope) = operation["x-required-scopes"][0].as_str() {
                let roles = operation["x-allowed-roles"].as_array().unwrap();
                let least = roles.iter().map(|role| role.as_str().unwrap().parse().unwrap()).min().unwrap();
                found.push((method.to_uppercase(), path.clone(), scope.parse().unwrap(), least));
            }
        }
    }
    assert!(found.len() >= 60);
    found
}

/// A path of an organization that has nothing there.
fn filled(path: &str) -> String {
    let id = match path {
        path if path.starts_with("/v1/connections") => ConnectionId::new().to_string(),
        path if path.starts_with("/v1/contacts") => ContactId::new().to_string(),
        path if path.starts_with("/v1/inboxes") => InboxId::new().to_string(),
        path if path.starts_with("/v1/messages") => MessageId::new().to_string(),
        path if path.starts_with("/v1/users") => UserId::new().to_string(),
        path if path.starts_with("/v1/teams") => TeamId::new().to_string(),
        path if path.starts_with("/v1/customers") => CustomerId::new().to_string(),
        path if path.starts_with("/v1/phone-numbers") => PhoneNumberId::new().to_string(),
        path if path.starts_with("/v1/api-keys") => ApiKeyId::new().to_string(),
        path if path.starts_with("/v1/media") => MediaId::new().to_string(),
        path if path.starts_with("/v1/webhooks") => WebhookId::new().to_string(),
        // A page: a stream has no end.
        "/v1/events" => return "/v1/events?after=0".to_owned(),
        _ => ConversationId::new().to_string(),
    };
    let path = path.replace("{id}", &id).replace("{chatId}", &id).replace("{wabaId}", "100000000000009");
    path.replace("{userId}", &UserId::new().to_string())
        .replace("{deliveryId}", &WebhookDeliveryId::new().to_string())
        .replace("{replayId}", &WebhookReplayId::new().to_string())
}

async fn call(app: &TestApp, (method, path, ..): &Guarded, key: Option<&str>) -> Answer {
    let mut call = app.call(method, &filled(path));
    if ["POST", "PUT", "PATCH"].contains(&method.as_str()) {
        call = call.raw("{}");
    }
    match key {
        Some(key) => call.key(key).send().await,
        None => call.send().await,
    }
}

async fn stopped_keys(app: &TestApp, of: &Workspace) -> [(String, &'static str); 3] {
    let (expired, revoked) = (app.key(of, Role::Owner, &[]).await, app.key(of, Role::Owner, &[]).await);
    let other = app.workspace().await;
    let hash = |token: &str| hex::encode(common::crypto::hash_token(token));
    app.execute(&format!(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE hash = '\\x{}';
        UPDATE api_keys SET revoked_at = now() WHERE hash = '\\x{}';
        UPDATE users SET disabled_at = now() WHERE id = '{}'",
        hash(&expired),
        hash(&revoked),
        other.user.0
    ))
    .await;
    [(expired, "key_expired"), (revoked, "key_revoked"), (other.token, "user_disabled")]
}

#[tokio::test]
async fn no_operation_lets_a_wrong_credential_in() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let stopped = stopped_keys(&app, &workspace).await;
    for operation in guarded() {
        let answer = call(&app, &operation, None).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{operation:?}");
        answer.problem(401, "missing_credentials");
        call(&app, &operation, Some("sk_org_unknown")).await.problem(401, "invalid_key");
        for (key, code) in &stopped {
            call(&app, &operation, Some(key)).await.problem(401, code);
        }
    }
}

#[tokio::test]
async fn every_operation_asks_for_its_own_scope_and_role() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let agent = app.key(&workspace, Role::Agent, &[]).await;
    for operation in guarded() {
        let (scope, least) = (operation.2, operation.3);
        let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|other| *other != scope).collect();
        let without = app.key(&workspace, Role::Owner, &others).await;
        let problem = call(&app, &operation, Some(&without)).await.problem(403, "insufficient_scope");
        assert!(problem["detail"].as_str().unwrap().contains(scope.as_str()), "{problem}");
        let with = app.key(&workspace, least, &[scope]).await;
        let answer = call(&app, &operation, Some(&with)).await;
        assert!([200, 201, 400, 404, 422].contains(&answer.status), "{operation:?}: {}", answer.text);
        let as_agent = call(&app, &operation, Some(&agent)).await;
        assert_eq!(as_agent.status == 403, least > Role::Agent, "{operation:?}");
    }
}

#[tokio::test]
async fn a_key_has_no_more_rights_than_its_owner() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    app.execute(&format!("UPDATE users SET role = 'agent' WHERE id = '{}'", workspace.user.0)).await;
    let problem =
        app.get("/v1/connections").key(&workspace.token).send().await.problem(403, "insufficient_scope");
    assert!(problem["detail"].as_str().unwrap().contains("role admin or above"), "{problem}");
}

#[tokio::test]
async fn what_belongs_to_another_organization_is_not_there() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.workspace().await, app.workspace().await);
    let conversation = theirs.conversation(app.pool(), "15550000001").await;
    let reply = json!({ "conversationId": conversation, "content": { "type": "text", "text": "mine" } });
    let message =
        app.post("/v1/conversations/reply").key(&theirs.token).json(&reply).send().await.expect(202);
    let shown =
        app.get(&format!("/v1/conversations/{conversation}")).key(&theirs.token).send().await.expect(200);
    let contact = shown["contact"]["id"].as_str().unwrap().to_owned();
    let paths = [
        format!("/v1/connections/{}", theirs.connection),
        format!("/v1/inboxes/{}", theirs.inbox),
        format!("/v1/conversations/{conversation}"),
        format!("/v1/conversations/{conversation}/messages"),
        format!("/v1/users/{}/notification-preferences", theirs.user),
        format!("/v1/messages/{}", message["id"].as_str().unwrap()),
        format!("/v1/conversations/{conversation}/media"),
        format!("/v1/contacts/{contact}"),
        format!("/v1/contacts/{contact}/conversations"),
    ];
    for path in &paths {
        assert_eq!(app.get(path).key(&theirs.token).send().await.status, 200, "{path}");
        app.get(path).key(&ours.token).send().await.problem(404, "not_found");
    }
    app.post("/v1/conversations/reply").key(&ours.token).json(&reply).send().await.problem(404, "not_found");
    for (method, verb) in [
        ("PATCH", "read"),
        ("PATCH", "archive"),
        ("PATCH", "unarchive"),
        ("POST", "assignee"),
        ("DELETE", "assignee"),
    ] {
        let path = format!("/v1/conversations/{conversation}/{verb}");
        let body = if method == "POST" { json!({ "userId": ours.user }) } else { json!({}) };
        app.call(method, &path).key(&ours.token).json(&body).send().await.problem(404, "not_found");
    }
    for (list, name) in [
        ("/v1/conversations", "conversations"),
        ("/v1/inboxes", "inboxes"),
        ("/v1/connections", "connections"),
        ("/v1/contacts", "contacts"),
        ("/v1/contacts?address=15550000001", "contacts"),
    ] {
        let mine = app.get(list).key(&ours.token).send().await.expect(200);
        assert!(!mine.to_string().contains(&theirs.organization.to_string()), "{name}");
        assert!(!mine.to_string().contains(&contact), "{name}");
        let filtered =
            app.get(&format!("/v1/conversations?inboxId={}", theirs.inbox)).key(&ours.token).send().await;
        assert_eq!(filtered.expect(200)["conversations"], json!([]));
    }
}

#[tokio::test]
async fn an_id_in_either_form_is_taken_and_what_is_none_is_not_found() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000002").await;
    for id in [conversation.to_string(), conversation.0.to_string()] {
        let found =
            app.get(&format!("/v1/conversations/{id}")).key(&workspace.token).send().await.expect(200);
        assert_eq!(found["id"], conversation.to_string());
    }
    for id in ["1", "cnv_", "msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B", "%00", "%FF", "..%2F"] {
        let path = format!("/v1/conversations/{id}");
        app.get(&path).key(&workspace.token).send().await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn both_headers_are_taken_and_contradictions_are_refused() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let (key, other) = (workspace.token.as_str(), app.key(&workspace, Role::Agent, &[]).await);
    app.get("/v1/inboxes").header("x-api-key", key).send().await.expect(200);
    app.get("/v1/inboxes").key(key).header("x-api-key", key).send().await.expect(200);
    let answer = app.get("/v1/inboxes").key(key).header("x-api-key", &other).send().await;
    answer.problem(400, "conflicting_credentials");
}

#[tokio::test]
async fn the_use_of_a_key_is_noted() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    app.get("/v1/inboxes").key(&workspace.token).send().await.expect(200);
    let sql = format!(
        "SELECT count(*) FROM api_keys WHERE id = '{}' AND last_used_at IS NOT NULL",
        workspace.key.0
    );
    common::testing::eventually("the use is noted", std::time::Duration::from_secs(5), async || {
        if app.count(&sql).await == 1 { Ok(()) } else { Err("not yet") }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_sends_too_much_is_told_to_wait() {
    let app = TestApp::start_with(Options { rate: 2, ..Options::default() }).await;
    let workspace = app.workspace().await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(app.get("/v1/inboxes").key(&workspace.token).send().await);
    }
    assert_eq!(statuses.iter().filter(|answer| answer.status == 200).count(), 4);
    statuses.pop().unwrap().problem(429, "rate_limited");
}
