//! What clients change about a conversation: read, archived, brought back; with its events, and beside messages coming in.

use common::domain::ids::ConversationId;
use common::domain::principal::{Role, Scope};
use common::testing::{Workspace, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{SOON, TestApp, Whole};

async fn ready() -> (TestApp, Workspace, ConversationId) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let id = workspace.conversation(app.pool(), "15550000001").await;
    app.execute("UPDATE conversations SET unread_count = 3").await;
    (app, workspace, id)
}

async fn patch(app: &TestApp, workspace: &Workspace, id: ConversationId, verb: &str) {
    let path = format!("/v1/conversations/{id}/{verb}");
    let answer = app.call("PATCH", &path).key(&workspace.token).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{verb}");
    assert_eq!(answer.header("content-type"), "");
}

async fn shown(app: &TestApp, workspace: &Workspace, id: ConversationId) -> Value {
    app.get(&format!("/v1/conversations/{id}")).key(&workspace.token).send().await.expect(200)
}

/// Events of a type, in order.
pub async fn events(app: &TestApp, kind: &str) -> Vec<Value> {
    let client = app.pool().get().await.unwrap();
    let sql = "SELECT payload FROM events WHERE type = $1 ORDER BY position";
    client.query(sql, &[&kind]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn audited(app: &TestApp) -> Vec<String> {
    let client = app.pool().get().await.unwrap();
    let sql = "SELECT action FROM audit_log WHERE action LIKE 'conversation.%' ORDER BY id";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn reading_archiving_and_bringing_back_are_told_once_and_change_nothing_when_repeated() {
    let (app, workspace, id) = ready().await;
    for verb in ["read", "read", "archive", "archive", "unarchive", "unarchive"] {
        patch(&app, &workspace, id, verb).await;
        let view = shown(&app, &workspace, id).await;
        let state = if verb == "archive" { "archived" } else { "open" };
        assert_eq!((&view["unreadCount"], &view["state"]), (&json!(0), &json!(state)), "{verb}");
    }
    let conversation = |name: &str, value: Value| json!({ "conversation": { "id": id, "inboxId": workspace.inbox, name: value } });
    let expected = [
        conversation("unreadCount", json!(0)),
        conversation("state", json!("archived")),
        conversation("state", json!("open")),
    ];
    assert_eq!(events(&app, "conversation.updated").await, expected);
    assert_eq!(audited(&app).await, ["conversation.read", "conversation.archive", "conversation.unarchive"]);
}

#[tokio::test]
async fn a_faulty_body_of_a_read_is_refused_and_none_is_needed() {
    let (app, workspace, id) = ready().await;
    let path = format!("/v1/conversations/{id}/read");
    let call = |body: &'static str| app.call("PATCH", &path).key(&workspace.token).raw(body).send();
    assert_eq!(call(r#"{"sendReceipt":"yes"}"#).await.fields(400, "wrong_type"), ["sendReceipt"]);
    assert_eq!(call(r#"{"upTo":1}"#).await.fields(422, "unknown_field"), ["upTo"]);
    call("[]").await.problem(400, "malformed_request");
    assert_eq!(shown(&app, &workspace, id).await["unreadCount"], 3);
    assert_eq!(call("{}").await.status, 204);
    assert_eq!(shown(&app, &workspace, id).await["unreadCount"], 0);
}

#[tokio::test]
async fn a_key_without_the_right_changes_nothing() {
    let (app, workspace, id) = ready().await;
    let key = app.key(&workspace, Role::Agent, &[Scope::ConversationRead, Scope::ConversationList]).await;
    for verb in ["read", "archive", "unarchive"] {
        let path = format!("/v1/conversations/{id}/{verb}");
        app.call("PATCH", &path).key(&key).send().await.problem(403, "insufficient_scope");
    }
    assert_eq!(shown(&app, &workspace, id).await["unreadCount"], 3);
}

#[tokio::test]
async fn a_reply_brings_an_archived_conversation_back_and_says_so() {
    let (app, workspace, id) = ready().await;
    patch(&app, &workspace, id, "archive").await;
    let reply = json!({ "conversationId": id, "content": { "type": "text", "text": "Back" } });
    for _ in 0..2 {
        app.post("/v1/conversations/reply").key(&workspace.token).json(&reply).send().await.expect(202);
    }
    assert_eq!(shown(&app, &workspace, id).await["state"], "open");
    let states: Vec<Value> = events(&app, "conversation.updated").await;
    let states: Vec<&str> =
        states.iter().map(|event| event["conversation"]["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["archived", "open"]);
}

#[tokio::test]
async fn a_message_that_comes_while_a_conversation_is_marked_as_read_is_counted_or_read_and_never_lost() {
    let (app, workspace, id) = ready().await;
    app.execute("UPDATE conversations SET unread_count = 0").await;
    // What an inbound message does: one transaction under the conversation's lock.
    let write = async |number: u32| {
        let mut client = app.pool().get().await.unwrap();
        let tx = client.transaction().await.unwrap();
        let lane = "SELECT 1 FROM lanes WHERE conversation_id = $1 FOR NO KEY UPDATE";
        tx.execute(lane, &[&id.0]).await.unwrap();
        let add = "UPDATE conversations SET unread_count = unread_count + 1 WHERE id = $1";
        tx.execute(add, &[&id.0]).await.unwrap();
        let event = "INSERT INTO events (id, organization_id, type, conversation_id, payload)
            VALUES (gen_random_uuid(), $1, 'message.received', $2, jsonb_build_object('number', $3::bigint))";
        tx.execute(event, &[&workspace.organization.0, &id.0, &i64::from(number)]).await.unwrap();
        tx.commit().await.unwrap();
    };
    let reading = async || {
        for _ in 0..15 {
            patch(&app, &workspace, id, "read").await;
        }
    };
    let writers = join_all((0..4).map(async |writer| {
        for number in 0..15 {
            write(writer * 100 + number).await;
        }
    }));
    tokio::join!(writers, reading());
    // By the order of the log: unread are those after the last mark.
    let unread = app
        .count(
            "SELECT count(*) FROM events WHERE type = 'message.received' AND position > coalesce(
                (SELECT max(position) FROM events WHERE type = 'conversation.updated'), 0)",
        )
        .await;
    assert_eq!(app.count("SELECT count(*) FROM events WHERE type = 'message.received'").await, 60);
    assert_eq!(shown(&app, &workspace, id).await["unreadCount"], unread);
}

#[tokio::test]
async fn the_contact_sees_that_its_messages_were_read_where_that_is_asked_for() {
    let whole = Whole::start().await;
    let contact = "15550002001";
    let id = whole.conversation(contact, "First").await;
    let read = format!("/v1/conversations/{id}/read");
    assert_eq!(whole.call("PATCH", &read).await, 204);
    whole.contact_writes(contact, "Second").await;
    whole.listed("unreadOnly=true", contact, "Second").await;
    assert_eq!(whole.app.count("SELECT count(*) FROM read_receipts").await, 0);
    let statuses = async || -> Vec<String> {
        let messages = whole.phone(contact).await;
        messages.iter().map(|message| message["status"].as_str().unwrap().to_owned()).collect()
    };
    assert!(statuses().await.iter().all(|status| status != "read"));
    let body = json!({ "sendReceipt": true });
    for _ in 0..3 {
        let answer = whole.app.call("PATCH", &read).key(&whole.workspace.token).json(&body).send().await;
        assert_eq!(answer.status, 204);
    }
    eventually("both messages are seen as read", SOON, async || {
        let seen = statuses().await;
        if seen == ["read", "read"] { Ok(()) } else { Err(seen) }
    })
    .await;
    eventually("nothing is left to be told", SOON, async || {
        match whole.app.count("SELECT count(*) FROM read_receipts").await {
            0 => Ok(()),
            left => Err(left),
        }
    })
    .await;
}

#[tokio::test]
async fn a_receipt_waits_for_a_provider_that_is_away_and_newer_ones_take_its_place() {
    let whole = Whole::start().await;
    let contact = "15550002002";
    let id = whole.conversation(contact, "First").await;
    let connection = whole.workspace.connection.0;
    // Nobody listens there.
    let away = "http://127.0.0.1:9";
    whole.app.execute(&format!("UPDATE connections SET api_url = '{away}' WHERE id = '{connection}'")).await;
    let read = format!("/v1/conversations/{id}/read");
    let body = json!({ "sendReceipt": true });
    let ask = async || {
        let answer = whole.app.call("PATCH", &read).key(&whole.workspace.token).json(&body).send().await;
        assert_eq!(answer.status, 204);
    };
    ask().await;
    eventually("a try has failed", SOON, async || {
        match whole.app.count("SELECT coalesce(max(failures), 0)::bigint FROM read_receipts").await {
            0 => Err("none yet"),
            _ => Ok(()),
        }
    })
    .await;
    whole.contact_writes(contact, "Second").await;
    whole.listed("", contact, "Second").await;
    ask().await;
    assert_eq!(whole.app.count("SELECT count(*) FROM read_receipts").await, 1, "one for each conversation");
    let provider = &whole.app.provider;
    whole
        .app
        .execute(&format!("UPDATE connections SET api_url = '{provider}' WHERE id = '{connection}'"))
        .await;
    eventually("both messages are seen as read", SOON, async || {
        let seen: Vec<Value> = whole.phone(contact).await.iter().map(|it| it["status"].clone()).collect();
        if seen == ["read", "read"] { Ok(()) } else { Err(seen) }
    })
    .await;
}
