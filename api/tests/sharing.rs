//! What visitors of links and embeds see and do: nothing beyond what is shared, from the next request on.

use common::domain::ids::{ConversationId, InboxId};
use common::testing::Workspace;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Options, TestApp, all_permissions, link_token};

/// An organization with two numbers, each with a conversation, and a customer whom the second serves.
pub struct Shared {
    pub app: TestApp,
    pub workspace: Workspace,
    pub ours: ConversationId,
    pub other: Workspace,
    pub theirs: ConversationId,
    pub customer: String,
}

impl Shared {
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let ours = workspace.conversation(app.pool(), "15550000001").await;
        let other = second_inbox(&app, &workspace).await;
        let number = other.phone_number(app.pool()).await;
        let theirs = other.conversation(app.pool(), "15550000002").await;
        let body = json!({ "name": "ACME" });
        let made = app.post("/v1/customers").key(&workspace.token).json(&body).send().await.expect(201);
        let customer = made["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/phone-numbers/{}", number.0);
        let body = json!({ "customerId": customer });
        app.call("PATCH", &path).key(&workspace.token).json(&body).send().await.expect(200);
        Self { app, workspace, ours, other, theirs, customer }
    }

    pub async fn embed(&self, embed: Value) -> String {
        let call = self.app.post("/platform/v1/inbox_embeds").key(&self.workspace.token);
        let made = call.json(&json!({ "inbox_embed": embed })).send().await.expect(201);
        let begun = self.app.exchange(made["data"]["token"].as_str().unwrap()).await.expect(201);
        begun["data"]["token"].as_str().unwrap().to_owned()
    }

    async fn listed(&self, token: &str, query: &str) -> Vec<String> {
        let path = format!("/v1/conversations?{query}");
        let page = self.app.get(&path).key(token).send().await.expect(200);
        let listed = page["conversations"].as_array().unwrap().iter();
        let mut ids: Vec<String> = listed.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }
}

/// Another inbox of the same organization.
async fn second_inbox(app: &TestApp, of: &Workspace) -> Workspace {
    let (inbox, number) = (InboxId::new(), format!("{}", Uuid::new_v4().as_u128() % 1_000_000_000_000_000));
    app.execute(&format!(
        "INSERT INTO inboxes (id, organization_id, connection_id, channel, external_id, name, created_by)
        VALUES ('{}', '{}', '{}', 'whatsapp', '{number}', 'Second', '{}')",
        inbox.0, of.organization.0, of.connection.0, of.user.0
    ))
    .await;
    Workspace {
        organization: of.organization,
        user: of.user,
        key: of.key,
        token: of.token.clone(),
        connection: of.connection,
        inbox,
        phone_number_id: number,
    }
}

pub async fn reply(app: &TestApp, token: &str, conversation: impl ToString, content: Value) -> Answer {
    let body = json!({ "conversationId": conversation.to_string(), "content": content });
    app.post("/v1/conversations/reply").key(token).json(&body).send().await
}

pub fn text() -> Value {
    json!({ "type": "text", "text": "Hello" })
}

#[tokio::test]
async fn lists_hold_what_is_shared_and_nothing_else() {
    let shared = Shared::start().await;
    let app = &shared.app;
    let link = app.visit(&shared.workspace, &all_permissions()).await.token;
    app.workspace().await.conversation(app.pool(), "15550000003").await;
    let everything = [shared.ours.to_string(), shared.theirs.to_string()];
    let customer = json!({ "scope_type": "customer", "scope_id": shared.customer });
    let number = json!({ "scope_type": "phone_number", "scope_id": shared.other.phone_number_id });
    let inboxes = [shared.workspace.inbox.to_string(), shared.other.inbox.to_string()];
    for (token, seen) in [
        (link, 0..1),
        (shared.embed(json!({ "scope_type": "project" })).await, 0..2),
        (shared.embed(customer).await, 1..2),
        (shared.embed(number).await, 1..2),
    ] {
        let listed = app.get("/v1/inboxes").key(&token).send().await.expect(200);
        let listed: Vec<_> = listed["inboxes"].as_array().unwrap().iter().map(|inbox| &inbox["id"]).collect();
        assert_eq!(listed, inboxes[seen.clone()].iter().collect::<Vec<_>>());
        let seen = &everything[seen];
        let mut sorted = seen.to_vec();
        sorted.sort();
        assert_eq!(shared.listed(&token, "").await, sorted);
        assert_eq!(shared.listed(&token, "unreadOnly=false&search=Ada").await, sorted);
    }
}

#[tokio::test]
async fn an_embed_of_one_user_shows_that_user_s_conversations_only() {
    let shared = Shared::start().await;
    let app = &shared.app;
    let token =
        shared.embed(json!({ "scope_type": "project", "assigned_user_id": shared.workspace.user })).await;
    assert_eq!(shared.listed(&token, "").await, Vec::<String>::new());
    reply(app, &token, shared.ours, text()).await.problem(404, "not_found");
    let path = format!("/v1/conversations/{}/assignee", shared.ours);
    let body = json!({ "userId": shared.workspace.user });
    app.post(&path).key(&shared.workspace.token).json(&body).send().await.expect(204);
    assert_eq!(shared.listed(&token, "").await, [shared.ours.to_string()]);
    assert_eq!(shared.listed(&token, "unassigned=true").await, Vec::<String>::new());
    reply(app, &token, shared.ours, text()).await.expect(202);
    visits_of_archive(app, &token, shared.ours).await;
    app.call("DELETE", &path).key(&shared.workspace.token).send().await.expect(204);
    app.get(&format!("/v1/conversations/{}", shared.ours)).key(&token).send().await.problem(404, "not_found");
}

async fn visits_of_archive(app: &TestApp, token: &str, conversation: ConversationId) {
    for verb in ["archive", "unarchive"] {
        let path = format!("/v1/conversations/{conversation}/{verb}");
        app.call("PATCH", &path).key(token).send().await.expect(204);
    }
}

#[tokio::test]
async fn each_content_takes_its_own_permission() {
    let app = TestApp::start().await;
    let contents = [
        (text(), "sendText"),
        (json!({ "type": "image", "url": "https://example.com/a.png" }), "sendMedia"),
        (json!({ "type": "template", "name": "order_ready", "language": "en" }), "sendTemplates"),
        (json!({ "type": "location", "latitude": 1.0, "longitude": 2.0 }), "sendAdvanced"),
    ];
    for granted in ["sendText", "sendMedia", "sendTemplates", "sendAdvanced"] {
        let workspace = app.workspace().await;
        let conversation = workspace.conversation(app.pool(), "15550000001").await;
        let token = app.visit(&workspace, &json!({ granted: true })).await.token;
        for (content, needed) in &contents {
            let answer = reply(&app, &token, conversation, content.clone()).await;
            if *needed == granted {
                assert!([202, 422].contains(&answer.status), "{granted}, {content}: {}", answer.text);
            } else {
                let problem = answer.problem(403, "insufficient_permission");
                assert!(problem["detail"].as_str().unwrap().contains(needed), "{problem}");
            }
        }
        let body = json!({
            "conversationId": conversation, "content": text(), "onClosedWindow": "template",
            "fallbackTemplate": { "type": "template", "name": "order_ready", "language": "en" },
        });
        let answer = app.post("/v1/conversations/reply").key(&token).json(&body).send().await;
        assert_eq!(answer.status, 403, "{granted}: it takes both sendText and sendTemplates");
    }
}

#[tokio::test]
async fn who_did_it_is_recorded() {
    let shared = Shared::start().await;
    let app = &shared.app;
    let visit = app.visit(&shared.workspace, &all_permissions()).await;
    let sent = reply(app, &visit.token, shared.ours, text()).await.expect(202);
    let link = visit.link["id"].as_str().unwrap();
    assert_eq!(sent["sender"], json!({ "type": "sharedLink", "id": link, "name": "Vendor" }));
    let path = format!("/v1/messages/{}/cancel", sent["id"].as_str().unwrap());
    app.post(&path).key(&visit.token).send().await.expect(200);
    app.execute("UPDATE conversations SET unread_count = 3").await;
    let path = format!("/v1/conversations/{}/read", shared.ours);
    app.call("PATCH", &path).key(&visit.token).send().await.expect(204);
    for action in ["message.create", "message.cancel", "conversation.read"] {
        let sql = format!(
            "SELECT count(*) FROM audit_log WHERE action = '{action}' AND actor_type = 'sharedLink'
                AND actor_id = '{link}' AND detail ->> 'via' = 'via link Vendor'
                AND detail ->> 'sessionId' IN (SELECT id::text FROM shared_inbox_sessions)"
        );
        assert_eq!(app.count(&sql).await, 1, "{action}");
    }
}

#[tokio::test]
async fn a_visitor_sends_and_sees_only_files_that_are_its_own() {
    let shared = Shared::start().await;
    let app = &shared.app;
    let visit = app.visit(&shared.workspace, &all_permissions()).await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
    let upload = async |token: &str| {
        let call = app.post("/v1/media").key(token).header("content-type", "image/png");
        let made = crate::support::Call(call.0.body(png.clone())).send().await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    };
    let (own, owners) = (upload(&visit.token).await, upload(&shared.workspace.token).await);
    let get = async |id: &str| app.get(&format!("/v1/media/{id}")).key(&visit.token).send().await.status;
    assert_eq!((get(&own).await, get(&owners).await), (200, 404));
    let content = |id: &str| json!({ "type": "image", "mediaId": id });
    let refused = reply(app, &visit.token, shared.ours, content(&owners)).await;
    assert_eq!(refused.fields(422, "invalid_request"), ["content.mediaId"]);
    reply(app, &visit.token, shared.ours, content(&own)).await.expect(202);
    // What stands in a message of a conversation that is shared is shared with it.
    reply(app, &shared.workspace.token, shared.ours, content(&owners)).await.expect(202);
    assert_eq!(get(&owners).await, 200);
}

#[tokio::test]
async fn changes_hold_from_the_next_request_on_in_every_process() {
    let first = TestApp::start().await;
    let url = first.config().database.url.expose().to_owned();
    let second = TestApp::start_with(Options { database_url: Some(url), ..Options::default() }).await;
    let workspace = first.workspace().await;
    let conversation = workspace.conversation(first.pool(), "15550000001").await;
    let visit = first.visit(&workspace, &all_permissions()).await;
    let path = format!("/v1/shared-inbox-links/{}", visit.link["id"].as_str().unwrap());
    let everywhere = async |app: &TestApp| {
        let read = app.get(&format!("/v1/conversations/{conversation}")).key(&visit.token).send().await;
        (read.status, reply(app, &visit.token, conversation, text()).await.status)
    };
    assert_eq!((everywhere(&first).await, everywhere(&second).await), ((200, 202), (200, 202)));
    let less = json!({ "permissions": { "readInbox": true } });
    first.call("PATCH", &path).key(&workspace.token).json(&less).send().await.expect(200);
    assert_eq!((everywhere(&second).await, everywhere(&first).await), ((200, 403), (200, 403)));
    second.call("DELETE", &path).key(&workspace.token).send().await.expect(200);
    assert_eq!((everywhere(&first).await, everywhere(&second).await), ((401, 401), (401, 401)));
}

#[tokio::test]
async fn an_owner_sees_the_sessions_and_ends_one() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let visit = app.visit(&workspace, &all_permissions()).await;
    let again = app.exchange(link_token(&visit.link)).await.expect(201);
    let again = again["data"]["token"].as_str().unwrap();
    let path = format!("/v1/shared-inbox-links/{}/sessions", visit.link["id"].as_str().unwrap());
    let listed = app.get(&path).key(&workspace.token).send().await.expect(200);
    let sessions = listed["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["status"] == "active"));
    assert!(!listed.to_string().contains("sis_"));
    let first = format!("{path}/{}", sessions[1]["id"].as_str().unwrap());
    let stranger = app.workspace().await;
    app.call("DELETE", &first).key(&stranger.token).send().await.problem(404, "not_found");
    for _ in 0..2 {
        app.call("DELETE", &first).key(&workspace.token).send().await.expect(204);
    }
    app.get("/v1/conversations").key(&visit.token).send().await.problem(401, "session_ended");
    app.get("/v1/conversations").key(again).send().await.expect(200);
    let listed = app.get(&path).key(&workspace.token).send().await.expect(200);
    assert_eq!(listed["data"][1]["status"], "ended");
}

#[tokio::test]
async fn what_is_no_token_begins_no_session_and_too_many_are_told_to_wait() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let link = app.link(&workspace, &all_permissions()).await;
    let token = link_token(&link);
    let forged = format!("sil_{}.{}", Uuid::now_v7(), token.split_once('.').unwrap().1);
    for bad in [&forged, &token[..token.len() - 1], "sil_", "emb_unknown", "sis_x", "", &workspace.token] {
        app.exchange(bad).await.problem(401, "invalid_token");
    }
    app.get("/v1/shared-inbox/session").key(&workspace.token).send().await.problem(403, "session_required");
    app.get("/v1/conversations").key(token).send().await.problem(401, "invalid_key");
    let body = json!({ "token": token });
    let call = || app.post("/v1/shared-inbox/sessions").header("idempotency-key", "once").json(&body);
    let (one, two) = (call().send().await.expect(201), call().send().await.expect(201));
    assert_eq!(one, two, "a repeated exchange is answered as the first was");
    let mut answers = Vec::new();
    for n in 0..70 {
        // Whoever is not trusted may say what it likes about where it comes from.
        let call = app.post("/v1/shared-inbox/sessions").header("x-forwarded-for", &format!("192.0.2.{n}"));
        answers.push(call.json(&body).send().await);
    }
    answers.pop().unwrap().problem(429, "rate_limited");
}

#[tokio::test]
async fn behind_a_trusted_proxy_visitors_are_counted_by_their_own_addresses() {
    let options = Options { trusted_proxies: "loopback, 10.0.0.0/8", ..Options::default() };
    let app = TestApp::start_with(options).await;
    let workspace = app.workspace().await;
    let link = app.link(&workspace, &all_permissions()).await;
    let exchange = async |hops: String| {
        let call = app.post("/v1/shared-inbox/sessions").header("x-forwarded-for", &hops);
        call.json(&json!({ "token": link_token(&link) })).send().await.status
    };
    for n in 0..70 {
        // What stands before the proxy's own word is the visitor's, who may make it up.
        let status = exchange(format!("192.0.2.{n}, 198.51.100.1, 10.0.0.1")).await;
        assert!(status == 201 || n >= 60 && status == 429, "{n}: {status}");
    }
    assert_eq!(exchange("198.51.100.1".to_owned()).await, 429);
    assert_eq!(exchange("198.51.100.2, 10.0.0.1".to_owned()).await, 201);
}
