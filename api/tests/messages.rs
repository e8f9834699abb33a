//! Messages: replies accepted, the thread by ids, and one message with its timeline.

use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn reply(app: &TestApp, workspace: &Workspace, conversation: &str, text: &str) -> Value {
    let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
    app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await.expect(202)
}

async fn thread() -> (TestApp, Workspace, String, Vec<String>) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    let mut ids = Vec::new();
    for number in 0..5 {
        let message = reply(&app, &workspace, &conversation, &format!("Number {number}")).await;
        ids.push(message["id"].as_str().unwrap().to_owned());
    }
    (app, workspace, conversation, ids)
}

#[tokio::test]
async fn a_reply_is_accepted_and_shown_with_its_timeline() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    let body = json!({
        "conversationId": conversation, "content": { "type": "text", "text": "Hello" }, "clientReference": "order-7",
        "onClosedWindow": "fail",
    });
    let answer = app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await;
    let location = answer.header("location").to_owned();
    let accepted = answer.expect(202);
    assert_eq!(location, format!("/v1/messages/{}", accepted["id"].as_str().unwrap()));
    insta::assert_json_snapshot!(accepted, {
        ".id" => "msg_", ".conversationId" => "cnv_", ".sender.id" => "key_", ".timestamp" => "time",
    }, @r#"
    {
      "clientReference": "order-7",
      "content": {
        "text": "Hello",
        "type": "text"
      },
      "conversationId": "cnv_",
      "direction": "outbound",
      "failure": null,
      "id": "msg_",
      "providerMessageId": null,
      "reactions": [],
      "replyTo": null,
      "scheduledAt": null,
      "sender": {
        "id": "key_",
        "name": "Test key",
        "type": "apiKey"
      },
      "status": "pending",
      "timestamp": "time"
    }
    "#);
    let mut shown = app.get(&location).key(&workspace.token).send().await.expect(200);
    let timeline = shown.as_object_mut().unwrap().remove("timeline").unwrap();
    assert_eq!(shown, accepted);
    assert_eq!(timeline[0]["event"], "accepted", "{timeline}");
    assert!(timeline[0]["text"].as_str().unwrap().starts_with("Accepted"), "{timeline}");
    let listed =
        app.get(&format!("/v1/conversations/{conversation}/messages")).key(&workspace.token).send().await;
    assert_eq!(listed.expect(200)["messages"], json!([accepted]));
    let chat =
        app.get(&format!("/v1/conversations/{conversation}")).key(&workspace.token).send().await.expect(200);
    assert_eq!(chat["lastMessage"]["preview"], "Hello");
}

#[tokio::test]
async fn a_thread_is_read_by_ids_in_both_directions() {
    let (app, workspace, conversation, ids) = thread().await;
    let list = async |query: &str| {
        let path = format!("/v1/conversations/{conversation}/messages?{query}");
        let page = app.get(&path).key(&workspace.token).send().await.expect(200);
        let found: Vec<String> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["id"].as_str().unwrap().to_owned())
            .collect();
        (found, page["hasMore"].as_bool().unwrap())
    };
    assert_eq!(list("").await, (ids.clone(), false));
    assert_eq!(list("limit=2").await, (ids[..2].to_vec(), true));
    assert_eq!(list(&format!("limit=2&idFrom={}", ids[1])).await, (ids[1..3].to_vec(), true));
    assert_eq!(list(&format!("limit=2&idFrom={}", ids[3])).await, (ids[3..].to_vec(), false));
    assert_eq!(list(&format!("limit=2&idTo={}", ids[3])).await, (ids[2..4].to_vec(), true));
    assert_eq!(list(&format!("limit=2&idTo={}", ids[1])).await, (ids[..2].to_vec(), false));
    assert_eq!(list(&format!("idFrom={}&idTo={}", ids[1], ids[3])).await, (ids[1..4].to_vec(), false));
}

#[tokio::test]
async fn a_reader_that_follows_the_highest_id_misses_nothing_written_meanwhile() {
    let (app, workspace, conversation, ids) = thread().await;
    let mut seen: Vec<String> = Vec::new();
    for round in 0..20 {
        let from = seen.last().map(|id| format!("&idFrom={id}")).unwrap_or_default();
        let path = format!("/v1/conversations/{conversation}/messages?limit=3{from}");
        let page = app.get(&path).key(&workspace.token).send().await.expect(200);
        for message in page["messages"].as_array().unwrap() {
            let id = message["id"].as_str().unwrap().to_owned();
            if seen.last() != Some(&id) {
                seen.push(id);
            }
        }
        if round < 10 {
            reply(&app, &workspace, &conversation, "More").await;
        }
    }
    assert_eq!(seen.len(), ids.len() + 10);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn a_reply_outside_the_window_says_when_it_closed() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    app.execute("UPDATE conversations SET window_expires_at = '2026-01-01T00:00:00Z'").await;
    let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hello" } });
    let answer = app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await;
    let problem = answer.problem(422, "messaging_window_closed");
    assert_eq!(
        problem["messagingWindow"],
        json!({ "state": "CLOSED", "expiresAt": "2026-01-01T00:00:00.000Z" })
    );
}

#[tokio::test]
async fn a_reply_with_an_idempotency_key_is_accepted_once() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    let body =
        |text: &str| json!({ "conversationId": conversation, "content": { "type": "text", "text": text } });
    let post = |text: &str| {
        let call = app.post("/v1/conversations/reply").key(&workspace.token);
        call.header("idempotency-key", "once").json(&body(text)).send()
    };
    let first = post("Hello").await.expect(202);
    let again = post("Hello").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("location"), format!("/v1/messages/{}", first["id"].as_str().unwrap()));
    assert_eq!(again.expect(202), first);
    post("Other").await.problem(409, "idempotency_key_reused");
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 1);
}
