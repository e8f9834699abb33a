//! Every operation against every permission of links and embeds, active, expired, revoked and ended. An operation without a row here
//! fails the test: who adds one says what visitors may do with it.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const PERMISSIONS: [&str; 7] =
    ["readInbox", "readDetails", "markRead", "sendText", "sendMedia", "sendTemplates", "sendAdvanced"];

/// Who of the visitors may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// It takes no credential.
    Open,
    /// Nobody: it takes a key.
    Keys,
    /// Everybody with a session.
    Any,
    /// Who has this permission.
    With(&'static str),
    /// The same, through an embed only.
    Embeds(&'static str),
}

/// The operations that are not a visitor's.
const KEYS: &[&str] = &[
    "audit.list",
    "connections.create",
    "connections.list",
    "connections.get",
    "connections.update",
    "connections.delete",
    "inboxes.create",
    "inboxes.update",
    "inboxes.delete",
    "inboxes.set_team",
    "inboxes.clear_team",
    "whatsapp.phone_numbers",
    "phone_numbers.list",
    "phone_numbers.get",
    "phone_numbers.update",
    "customers.create",
    "customers.list",
    "customers.get",
    "customers.update",
    "customers.delete",
    "teams.create",
    "teams.list",
    "teams.get",
    "teams.update",
    "teams.delete",
    "teams.add_member",
    "teams.remove_member",
    "api_keys.create",
    "api_keys.list",
    "api_keys.get",
    "api_keys.update",
    "api_keys.revoke",
    "api_keys.rotate",
    "contacts.list",
    "contacts.update",
    "contacts.erase",
    "contacts.merge",
    "contacts.block",
    "contacts.unblock",
    "contacts.opt_out",
    "contacts.opt_in",
    "conversations.assignable_users",
    "conversations.assign",
    "conversations.unassign",
    "messages.start",
    "users.create",
    "users.list",
    "users.me",
    "users.update_me",
    "users.get",
    "users.update",
    "users.delete",
    "users.get_my_notification_preferences",
    "users.update_my_notification_preferences",
    "users.get_notification_preferences",
    "users.update_notification_preferences",
    "webhooks.list",
    "webhooks.create",
    "webhooks.get",
    "webhooks.update",
    "webhooks.delete",
    "webhooks.rotate_secret",
    "webhooks.test",
    "webhooks.deliveries",
    "webhooks.delivery",
    "webhooks.redeliver",
    "webhooks.replay",
    "webhooks.get_replay",
    "shared_links.create",
    "shared_links.list",
    "shared_links.get",
    "shared_links.update",
    "shared_links.revoke",
    "shared_links.rotate",
    "shared_links.sessions",
    "shared_links.end_session",
    "inbox_embeds.create",
    "inbox_embeds.list",
    "inbox_embeds.get",
    "inbox_embeds.update",
    "inbox_embeds.revoke",
    "inbox_embeds.sessions",
    "inbox_embeds.end_session",
];

/// The rows, by operation. What is named nowhere has none.
fn row(operation: &str) -> Option<Row> {
    Some(match operation {
        "conversations.list" | "conversations.get" | "messages.list" | "messages.get" | "events.follow"
        | "media.get" => Row::With("readInbox"),
        "contacts.get" | "contacts.conversations" | "messages.media" => Row::With("readDetails"),
        "conversations.read" => Row::With("markRead"),
        "media.create" => Row::With("sendMedia"),
        "inboxes.templates" => Row::With("sendTemplates"),
        "conversations.archive" | "conversations.unarchive" => Row::Embeds("readInbox"),
        // What the content takes: see the tests of what is sent.
        "conversations.reply" | "messages.cancel" | "messages.retry" => Row::Any,
        "inboxes.list" | "inboxes.get" | "shared_sessions.get" => Row::Any,
        "shared_sessions.end" => Row::Any,
        "shared_sessions.create"
        | "media.link"
        | "channel_webhooks.verify"
        | "channel_webhooks.receive"
        | "health.live"
        | "health.ready" => Row::Open,
        key if KEYS.contains(&key) => Row::Keys,
        _ => return None,
    })
}

/// Every operation that takes a credential, with its row; the one that ends a session comes last.
pub fn rows() -> Vec<(&'static str, &'static str, &'static str, Row)> {
    let all = api::operation::ALL.iter();
    let mut rows: Vec<_> = all
        .map(|&(id, method, path)| {
            let row = row(id).unwrap_or_else(|| panic!("say in row() what visitors may do with {id}"));
            (id, method, path, row)
        })
        .filter(|(.., row)| *row != Row::Open)
        .collect();
    rows.sort_by_key(|(id, ..)| *id == "shared_sessions.end");
    rows
}

/// Calls an operation about things that are not there.
async fn call(app: &TestApp, (id, method, path): (&str, &str, &str), token: &str) -> Answer {
    let path = match id {
        // A page: a stream has no end.
        "events.follow" => "/v1/events?after=0".to_owned(),
        _ => path
            .split('/')
            .map(|part| if part.starts_with('{') { uuid() } else { part.to_owned() })
            .collect::<Vec<_>>()
            .join("/"),
    };
    let call = app.call(method, &path).key(token);
    if ["POST", "PUT", "PATCH"].contains(&method) { call.raw("{}").send().await } else { call.send().await }
}

fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

async fn embed(app: &TestApp, token: &str, permissions: &Value) -> (Value, String) {
    let snake: serde_json::Map<String, Value> = permissions
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let snake: String = name
                .chars()
                .flat_map(|letter| {
                    let lower = letter.to_ascii_lowercase();
                    if letter.is_uppercase() { vec!['_', lower] } else { vec![lower] }
                })
                .collect();
            (snake, value.clone())
        })
        .collect();
    let body = json!({ "inbox_embed": { "scope_type": "project", "permissions": snake } });
    let made = app.post("/platform/v1/inbox_embeds").key(token).json(&body).send().await.expect(201);
    let begun = app.exchange(made["data"]["token"].as_str().unwrap()).await.expect(201);
    (made["data"].clone(), begun["data"]["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn each_permission_opens_its_operations_and_no_others() {
    let app = TestApp::start().await;
    for permission in PERMISSIONS {
        let workspace = app.workspace().await;
        let granted = json!({ permission: true });
        let link = app.visit(&workspace, &granted).await.token;
        let (_, embed) = embed(&app, &workspace.token, &granted).await;
        for (kind, token) in [("link", &link), ("embed", &embed)] {
            for (id, method, path, row) in rows() {
                let answer = call(&app, (id, method, path), token).await;
                let cell = format!("{permission} of a {kind}: {id}");
                let opened = match row {
                    Row::Any => true,
                    Row::With(needed) => needed == permission,
                    Row::Embeds(needed) => kind == "embed" && needed == permission,
                    Row::Keys | Row::Open => false,
                };
                if opened {
                    let fits = [200, 201, 204, 400, 404, 422].contains(&answer.status);
                    assert!(fits, "{cell}: {}", answer.text);
                    continue;
                }
                assert_eq!(answer.status, 403, "{cell}: {}", answer.text);
                let problem = answer.problem(403, "insufficient_permission");
                if let Row::With(needed) = row {
                    assert!(problem["detail"].as_str().unwrap().contains(needed), "{cell}: {problem}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_holds_no_more_opens_nothing() {
    let app = TestApp::start().await;
    let all: Value = PERMISSIONS.into_iter().map(|name| (name.to_owned(), json!(true))).collect();
    let mut tokens = vec![("sis_forged".to_owned(), "invalid_session")];
    for (sql, code) in [
        ("UPDATE shared_inbox_links SET revoked_at = now()", "link_revoked"),
        ("UPDATE shared_inbox_links SET expires_at = now()", "link_expired"),
        ("UPDATE shared_inbox_sessions SET expires_at = now()", "session_expired"),
        ("UPDATE shared_inbox_sessions SET ended_at = now()", "session_ended"),
        ("DELETE FROM shared_inbox_sessions", "invalid_session"),
    ] {
        let workspace = app.workspace().await;
        let token = app.visit(&workspace, &all).await.token;
        app.execute(&format!("{sql} WHERE organization_id = '{}'", workspace.organization.0)).await;
        tokens.push((token, code));
    }
    for (sql, code) in [
        ("UPDATE inbox_embeds SET revoked_at = now()", "embed_revoked"),
        ("UPDATE inbox_embeds SET expires_at = now()", "embed_expired"),
    ] {
        let workspace = app.workspace().await;
        let (_, token) = embed(&app, &workspace.token, &all).await;
        app.execute(&format!("{sql} WHERE organization_id = '{}'", workspace.organization.0)).await;
        tokens.push((token, code));
    }
    let conversation = uuid();
    let reply = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hi" } });
    for (token, code) in &tokens {
        for (id, method, path, _) in rows() {
            if id == "conversations.reply" {
                app.post(path).key(token).json(&reply).send().await.problem(401, code);
                continue;
            }
            let answer = call(&app, (id, method, path), token).await;
            assert_eq!(answer.status, 401, "{id}, {code}: {}", answer.text);
            answer.problem(401, code);
        }
    }
}
