//! Template messages are compared with their templates before they are accepted, where the provider can be asked.

use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, Whole};

async fn reply(app: &TestApp, of: &Workspace, chat: &str, body: Value) -> Answer {
    let mut body = body;
    body["conversationId"] = json!(chat);
    app.post("/v1/conversations/reply").key(&of.token).json(&body).send().await
}

fn order(parameters: &Value) -> Value {
    json!({ "type": "template", "name": "order_update", "language": "en_US", "parameters": parameters })
}

#[tokio::test]
async fn a_gap_that_nothing_fills_is_named_before_anything_is_queued() {
    let whole = Whole::start().await;
    let (app, of) = (&whole.app, &whole.workspace);
    let chat = whole.conversation("15550001111", "Hello").await;
    let missing = reply(app, of, &chat, json!({ "content": order(&json!(["Ada"])) })).await;
    assert_eq!(missing.fields(422, "template_mismatch"), ["content.parameters[1]"]);
    let reminder = |parameters: Value| json!({ "type": "template", "name": "appointment_reminder", "language": "en_US", "parameters": parameters });
    let missing = reply(app, of, &chat, json!({ "content": reminder(json!({ "first_name": "Ada" })) })).await;
    assert_eq!(missing.fields(422, "template_mismatch"), ["content.parameters.date"]);
    let invoice =
        json!({ "type": "template", "name": "invoice", "language": "en_US", "parameters": ["Ada"] });
    let missing = reply(app, of, &chat, json!({ "content": invoice })).await;
    assert_eq!(missing.fields(422, "template_mismatch"), ["content.components", "content.components"]);
    let fallback = json!({
        "content": { "type": "text", "text": "Hi" }, "onClosedWindow": "template", "fallbackTemplate": order(&json!([])),
    });
    let missing = reply(app, of, &chat, fallback).await;
    let fields = missing.fields(422, "template_mismatch");
    assert_eq!(fields, ["fallbackTemplate.parameters[0]", "fallbackTemplate.parameters[1]"]);
    let start = json!({
        "inboxId": of.inbox, "recipient": { "type": "channel", "externalId": "+15550002222" }, "content": order(&json!([])),
    });
    let missing = app.post("/v1/messages").key(&of.token).json(&start).send().await;
    assert_eq!(missing.fields(422, "template_mismatch").len(), 2);
    assert_eq!(app.count("SELECT count(*) FROM messages WHERE direction = 'outbound'").await, 0);
    assert_eq!(app.count("SELECT count(*) FROM conversations").await, 1);
    reply(app, of, &chat, json!({ "content": order(&json!(["Ada", "42"])) })).await.expect(202);
}

#[tokio::test]
async fn a_template_that_the_provider_does_not_list_is_left_to_it() {
    let whole = Whole::start().await;
    let chat = whole.conversation("15550001111", "Hello").await;
    let new = json!({ "type": "template", "name": "brand_new", "language": "en_US", "parameters": ["a"] });
    reply(&whole.app, &whole.workspace, &chat, json!({ "content": new })).await.expect(202);
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_refuses_nothing() {
    let app = TestApp::start().await;
    let of = app.workspace().await;
    let chat = of.conversation(app.pool(), "15550001111").await.to_string();
    for url in ["http://127.0.0.1:9", "http://127.0.0.1:1"] {
        app.execute(&format!("UPDATE connections SET api_url = '{url}', updated_at = clock_timestamp()"))
            .await;
        reply(&app, &of, &chat, json!({ "content": order(&json!([])) })).await.expect(202);
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_it_was_though_its_template_has_changed() {
    let whole = Whole::start().await;
    let (app, of) = (&whole.app, &whole.workspace);
    let chat = whole.conversation("15550001111", "Hello").await;
    let send = || {
        let body = json!({ "conversationId": chat, "content": order(&json!(["Ada", "42"])) });
        let call = app.post("/v1/conversations/reply").key(&of.token).header("idempotency-key", "once");
        call.json(&body).send()
    };
    let first = send().await.expect(202);
    let account = format!("/control/accounts/waba-{}", of.phone_number_id);
    let changed = json!({ "templates": [{ "name": "order_update", "language": "en_US", "components": [
        { "type": "BODY", "text": "{{1}} {{2}} {{3}}" },
    ] }] });
    app.provider("PATCH", &account).json(&changed).send().await.expect(200);
    // As if the answer were no longer remembered.
    app.execute("UPDATE connections SET updated_at = clock_timestamp()").await;
    let other = reply(app, of, &chat, json!({ "content": order(&json!(["Ada", "42"])) })).await;
    assert_eq!(other.fields(422, "template_mismatch"), ["content.parameters[2]"]);
    assert_eq!(send().await.expect(202)["id"], first["id"]);
}
