//! `POST /v1/messages`: a contact is written to, and the conversation begins if there is none yet.

use common::domain::ids::{ContactId, ConversationId, InboxId};
use common::testing::Workspace;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, TestApp};

const ADDRESS: &str = "15551234567";

/// A held message to `recipient`: passes whatever the reply window.
fn held(inbox: InboxId, recipient: &Value, text: &str) -> Value {
    json!({
        "inboxId": inbox, "recipient": recipient, "content": { "type": "text", "text": text }, "onClosedWindow": "hold",
    })
}

fn to(address: &str) -> Value {
    json!({ "type": "channel", "externalId": address })
}

async fn post(app: &TestApp, workspace: &Workspace, body: &Value) -> Answer {
    app.post("/v1/messages").key(&workspace.token).json(body).send().await
}

/// A further inbox of the workspace.
async fn further_inbox(app: &TestApp, workspace: &Workspace) -> InboxId {
    let inbox = InboxId::new();
    app.execute(&format!(
        "INSERT INTO inboxes (id, organization_id, connection_id, channel, external_id, name, created_by)
        SELECT '{}', organization_id, connection_id, channel, external_id || '7', 'Second', created_by
        FROM inboxes WHERE id = '{}'",
        inbox.0, workspace.inbox.0
    ))
    .await;
    inbox
}

async fn contact_of(app: &TestApp, conversation: ConversationId) -> ContactId {
    let sql = "SELECT contact_id FROM conversations WHERE id = $1";
    let client = app.pool().get().await.unwrap();
    ContactId(client.query_one(sql, &[&conversation.0]).await.unwrap().get(0))
}

#[tokio::test]
async fn a_first_message_begins_the_contact_the_conversation_and_its_lane() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let answer = post(&app, &workspace, &held(workspace.inbox, &to(" +1 (555) 123-4567"), "Hello")).await;
    let location = answer.header("location").to_owned();
    let message = answer.expect(202);
    assert_eq!(location, format!("/v1/messages/{}", message["id"].as_str().unwrap()));
    assert_eq!((&message["status"], &message["direction"]), (&json!("pending"), &json!("outbound")));
    let path = format!("/v1/conversations/{}", message["conversationId"].as_str().unwrap());
    let conversation = app.get(&path).key(&workspace.token).send().await.expect(200);
    assert_eq!(conversation["contact"]["address"], ADDRESS);
    assert_eq!(conversation["inboxId"], workspace.inbox.to_string());
    assert_eq!(conversation["messagingWindow"], json!({ "state": "CLOSED", "expiresAt": null }));
    let client = app.pool().get().await.unwrap();
    let events = client.query("SELECT type FROM events ORDER BY position", &[]).await.unwrap();
    let events: Vec<String> = events.iter().map(|row| row.get(0)).collect();
    assert_eq!(events, ["conversation.created", "message.created"]);
    let audit = "SELECT count(*) FROM audit_log WHERE action IN ('conversation.create', 'message.create')";
    assert_eq!(app.count(audit).await, 2);
    // The second one finds it.
    let second = post(&app, &workspace, &held(workspace.inbox, &to(ADDRESS), "Again")).await.expect(202);
    assert_eq!(second["conversationId"], message["conversationId"]);
    assert_eq!(app.count("SELECT count(*) FROM conversations").await, 1);
}

#[tokio::test]
async fn a_new_conversation_goes_to_the_team_of_its_inbox() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let team = Uuid::now_v7();
    app.execute(&format!(
        "INSERT INTO teams (id, organization_id, name) VALUES ('{team}', '{}', 'Support');
        UPDATE inboxes SET team_id = '{team}'",
        workspace.organization.0
    ))
    .await;
    post(&app, &workspace, &held(workspace.inbox, &to(ADDRESS), "Hello")).await.expect(202);
    let sql = format!("SELECT count(*) FROM conversations WHERE team_id = '{team}'");
    assert_eq!(app.count(&sql).await, 1);
}

#[tokio::test]
async fn recipients_that_cannot_be_read_or_found_name_what_is_wrong() {
    let app = TestApp::start().await;
    let (workspace, stranger) = (app.workspace().await, app.workspace().await);
    let theirs = stranger.conversation(app.pool(), "15550000009").await;
    let their_contact = contact_of(&app, theirs).await;
    let inbox = workspace.inbox;
    let contact = |id: String| json!({ "type": "contact", "contactId": id });
    let cases: Vec<(Value, u16, &str, &[&str])> = vec![
        (Value::Null, 400, "required_field_missing", &["recipient"]),
        (json!("15551234567"), 400, "wrong_type", &["recipient"]),
        (json!({}), 400, "required_field_missing", &["recipient.type"]),
        (json!({ "type": 5 }), 400, "wrong_type", &["recipient.type"]),
        (json!({ "type": "pigeon" }), 422, "unsupported_value", &["recipient.type"]),
        (json!({ "type": "channel" }), 400, "required_field_missing", &["recipient.externalId"]),
        (
            json!({ "type": "channel", "externalId": null }),
            400,
            "required_field_missing",
            &["recipient.externalId"],
        ),
        (
            json!({ "type": "channel", "externalId": 15551234567_u64 }),
            400,
            "wrong_type",
            &["recipient.externalId"],
        ),
        (
            json!({ "type": "channel", "externalId": ADDRESS, "contactId": "x" }),
            422,
            "unknown_field",
            &["recipient.contactId"],
        ),
        (to("not a number"), 422, "invalid_request", &["recipient.externalId"]),
        (to("123"), 422, "invalid_request", &["recipient.externalId"]),
        (contact("nonsense".into()), 404, "not_found", &[]),
        (contact(ContactId::new().to_string()), 404, "not_found", &[]),
        (contact(their_contact.to_string()), 404, "not_found", &[]),
        (json!({ "type": "conversation", "conversationId": "nonsense" }), 404, "not_found", &[]),
        (json!({ "type": "conversation", "conversationId": theirs }), 404, "not_found", &[]),
        (json!({ "type": "conversation", "conversationId": ConversationId::new() }), 404, "not_found", &[]),
    ];
    for (recipient, status, code, fields) in cases {
        let answer = post(&app, &workspace, &held(inbox, &recipient, "Hello")).await;
        assert_eq!(answer.status, status, "{recipient}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{recipient}");
    }
    for other in [InboxId::new().to_string(), stranger.inbox.to_string(), "nonsense".into()] {
        let mut body = held(inbox, &to(ADDRESS), "Hello");
        body["inboxId"] = json!(other);
        post(&app, &workspace, &body).await.problem(404, "not_found");
    }
    let mut body = held(inbox, &to(ADDRESS), "Hello");
    body["inboxId"] = Value::Null;
    assert_eq!(post(&app, &workspace, &body).await.fields(400, "required_field_missing"), ["inboxId"]);
    body["inboxId"] = json!(inbox);
    body["replyTo"] = json!("msg_01KASDQ0Y4E9GTHSRQ3QWS9E3B");
    assert_eq!(post(&app, &workspace, &body).await.fields(422, "invalid_request"), ["replyTo"]);
    app.execute("UPDATE inboxes SET deleted_at = now()").await;
    post(&app, &workspace, &held(inbox, &to(ADDRESS), "Hello")).await.problem(422, "inbox_deleted");
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM conversations").await, 1);
}

#[tokio::test]
async fn what_does_not_pass_the_closed_window_of_a_stranger_begins_nothing() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let mut body = held(workspace.inbox, &to(ADDRESS), "Hello");
    body["onClosedWindow"] = json!("fail");
    let problem = post(&app, &workspace, &body).await.problem(422, "messaging_window_closed");
    assert_eq!(problem["messagingWindow"], json!({ "state": "CLOSED", "expiresAt": null }));
    body["content"]["text"] = json!("");
    post(&app, &workspace, &body).await.problem(422, "invalid_request");
    for table in ["contacts", "conversations", "lanes", "contact_addresses", "messages", "events"] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_template_reaches_a_contact_who_never_wrote() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let mut body = held(workspace.inbox, &to(ADDRESS), "Hello");
    body["onClosedWindow"] = json!("fail");
    body["content"] = json!({ "type": "template", "name": "order_update", "language": "en_US", "parameters": ["Ada", "42"] });
    let message = post(&app, &workspace, &body).await.expect(202);
    assert_eq!(message["content"], body["content"]);
    assert_eq!(app.count("SELECT count(*) FROM lanes WHERE queued = 1 AND held = 0").await, 1);
}

#[tokio::test]
async fn twenty_starts_at_once_make_one_conversation() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    for round in 0..5 {
        let address = format!("1555123{round:04}");
        let starts = (0..20).map(|turn| {
            let body = held(workspace.inbox, &to(&address), &format!("{turn}"));
            let (app, workspace) = (&app, &workspace);
            async move { post(app, workspace, &body).await.expect(202) }
        });
        let messages = join_all(starts).await;
        let first = &messages[0]["conversationId"];
        assert!(messages.iter().all(|message| message["conversationId"] == *first), "{messages:?}");
    }
    for (table, count) in [("conversations", 5), ("contacts", 5), ("lanes", 5), ("messages", 100)] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")).await, count, "{table}");
    }
    assert_eq!(app.count("SELECT count(*) FROM events WHERE type = 'conversation.created'").await, 5);
    assert_eq!(app.count("SELECT sum(held)::bigint FROM lanes").await, 100);
}

#[tokio::test]
async fn a_contact_is_written_to_at_its_address_on_that_inbox_or_at_another_of_the_channel() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await;
    let contact = contact_of(&app, conversation).await;
    let recipient = json!({ "type": "contact", "contactId": contact });
    let here = post(&app, &workspace, &held(workspace.inbox, &recipient, "Here")).await.expect(202);
    assert_eq!(here["conversationId"], conversation.to_string());
    let second = further_inbox(&app, &workspace).await;
    let there = post(&app, &workspace, &held(second, &recipient, "There")).await.expect(202);
    assert_ne!(there["conversationId"], conversation.to_string());
    let path = format!("/v1/conversations/{}", there["conversationId"].as_str().unwrap());
    let began = app.get(&path).key(&workspace.token).send().await.expect(200);
    assert_eq!(
        (&began["contact"]["id"], &began["contact"]["name"], &began["contact"]["address"]),
        (&json!(contact), &json!("Ada"), &json!("15550000001"))
    );
    assert_eq!(app.count("SELECT count(*) FROM contacts").await, 1);
    // Again: it is there now.
    let again = post(&app, &workspace, &held(second, &recipient, "Again")).await.expect(202);
    assert_eq!(again["conversationId"], there["conversationId"]);
    let bare = ContactId::new();
    app.execute(&format!(
        "INSERT INTO contacts (id, organization_id, name) VALUES ('{}', '{}', 'Bo')",
        bare.0, workspace.organization.0
    ))
    .await;
    let nobody = held(second, &json!({ "type": "contact", "contactId": bare }), "Hello");
    let fields = post(&app, &workspace, &nobody).await.fields(422, "invalid_request");
    assert_eq!(fields, ["recipient.contactId"]);
}

#[tokio::test]
async fn a_conversation_needs_no_inbox_and_takes_no_other() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await;
    let recipient = json!({ "type": "conversation", "conversationId": conversation });
    let mut body = json!({ "recipient": recipient, "content": { "type": "text", "text": "Hello" } });
    let message = post(&app, &workspace, &body).await.expect(202);
    assert_eq!(message["conversationId"], conversation.to_string());
    body["inboxId"] = json!(workspace.inbox);
    post(&app, &workspace, &body).await.expect(202);
    body["inboxId"] = json!(further_inbox(&app, &workspace).await);
    assert_eq!(post(&app, &workspace, &body).await.fields(422, "invalid_request"), ["inboxId"]);
}

#[tokio::test]
async fn a_start_that_is_repeated_with_its_key_gets_the_first_answer() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body = held(workspace.inbox, &to(ADDRESS), "Hello");
    let post = |key: &'static str, body: Value| {
        let call = app.post("/v1/messages").key(&workspace.token);
        call.header("idempotency-key", key).json(&body).send()
    };
    let same = join_all((0..8).map(|_| post("once", body.clone()))).await;
    let ids: Vec<Value> = same.into_iter().map(|answer| answer.expect(202)["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    post("once", held(workspace.inbox, &to(ADDRESS), "Other")).await.problem(409, "idempotency_key_reused");
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 1);
    // What was answered stays answered, though the inbox is gone by now; and so does what was refused.
    let nobody = held(InboxId::new(), &to(ADDRESS), "Hello");
    post("refused", nobody.clone()).await.problem(404, "not_found");
    app.execute("UPDATE inboxes SET deleted_at = now()").await;
    for (key, body, status) in [("once", body, 202), ("refused", nobody, 404)] {
        let again = post(key, body).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (status, "true"), "{}", again.text);
        if status == 404 {
            assert_eq!(again.problem(404, "not_found")["detail"], "There is no such inbox");
        }
    }
}
