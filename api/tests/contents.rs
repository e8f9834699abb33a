//! Replies of every content type: what is accepted, what a reaction may be put on, and what passes a closed window.

use common::domain::ids::MessageId;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

async fn reply(app: &TestApp, workspace: &Workspace, conversation: &str, content: &Value) -> Answer {
    let body = json!({ "conversationId": conversation, "content": content });
    app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await
}

async fn text(app: &TestApp, workspace: &Workspace, conversation: &str) -> String {
    let content = json!({ "type": "text", "text": "Hello" });
    let accepted = reply(app, workspace, conversation, &content).await.expect(202);
    accepted["id"].as_str().unwrap().to_owned()
}

fn reaction(message: &str) -> Value {
    json!({ "type": "reaction", "messageId": message, "emoji": "👍" })
}

async fn ready() -> (TestApp, Workspace, String) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    (app, workspace, conversation)
}

#[tokio::test]
async fn every_request_that_the_description_shows_is_accepted_and_stored_as_it_is() {
    let (app, workspace, conversation) = ready().await;
    let target = text(&app, &workspace, &conversation).await;
    let document: Value = serde_json::from_slice(&api::openapi::document().unwrap()).unwrap();
    let body = &document["paths"]["/v1/conversations/reply"]["post"]["requestBody"];
    let examples = body["content"]["application/json"]["examples"].as_object().unwrap();
    let mut kinds = Vec::new();
    for (name, example) in examples {
        let mut request = example["value"].clone();
        request["conversationId"] = json!(conversation);
        for pointer in ["/replyTo", "/content/messageId"] {
            request.pointer_mut(pointer).into_iter().for_each(|id| *id = json!(target));
        }
        let answer = app.post("/v1/conversations/reply").key(&workspace.token).json(&request).send().await;
        assert_eq!(answer.status, 202, "{name}: {}", answer.text);
        let path = format!("/v1/messages/{}", answer.body["id"].as_str().unwrap());
        let stored = app.get(&path).key(&workspace.token).send().await.expect(200);
        assert_eq!(
            (&stored["content"], &stored["status"]),
            (&request["content"], &json!("pending")),
            "{name}"
        );
        assert_eq!(stored["replyTo"], request["replyTo"], "{name}");
        kinds.push(request["content"]["type"].as_str().unwrap().to_owned());
    }
    let path = format!("/v1/conversations/{conversation}");
    let shown = app.get(&path).key(&workspace.token).send().await.expect(200);
    for kind in shown["canSend"].as_array().unwrap() {
        assert!(kinds.iter().any(|shown| shown == kind), "no example of {kind}");
    }
    let queued = "SELECT count(*) FROM messages WHERE lane_position IS NOT NULL";
    assert_eq!(app.count(queued).await, examples.len() as i64 + 1);
}

#[tokio::test]
async fn a_reaction_is_put_on_a_message_of_the_same_conversation() {
    let (app, workspace, conversation) = ready().await;
    let other = workspace.conversation(app.pool(), "15550000002").await.to_string();
    let stranger = app.workspace().await;
    let strange = stranger.conversation(app.pool(), "15550000003").await.to_string();
    let ours = text(&app, &workspace, &conversation).await;
    let elsewhere = text(&app, &workspace, &other).await;
    let foreign = text(&app, &stranger, &strange).await;
    let accepted = reply(&app, &workspace, &conversation, &reaction(&ours)).await.expect(202);
    assert_eq!(accepted["content"], reaction(&ours));
    let of_reaction = accepted["id"].as_str().unwrap();
    for (target, code) in [
        (elsewhere.as_str(), "not_found"),
        (foreign.as_str(), "not_found"),
        (&MessageId::new().to_string(), "not_found"),
        (of_reaction, "is_reaction"),
    ] {
        let answer = reply(&app, &workspace, &conversation, &reaction(target)).await;
        let problem = answer.problem(422, "invalid_request");
        let errors = &problem["errors"];
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!("content.messageId"), &json!(code)));
        assert_eq!(errors.as_array().unwrap().len(), 1, "{problem}");
    }
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 4);
    // The other form of the same id.
    let by_uuid = ours.parse::<MessageId>().unwrap().0.to_string();
    let accepted = reply(&app, &workspace, &conversation, &reaction(&by_uuid)).await.expect(202);
    assert_eq!(accepted["content"]["messageId"], ours);
    let path = format!("/v1/conversations/{conversation}");
    let shown = app.get(&path).key(&workspace.token).send().await.expect(200);
    assert_eq!(shown["lastMessage"]["preview"], "Reaction: 👍");
}

#[tokio::test]
async fn a_reaction_quotes_nothing_and_can_be_quoted() {
    let (app, workspace, conversation) = ready().await;
    let target = text(&app, &workspace, &conversation).await;
    let post = async |content: Value, quoted: &str| {
        let body = json!({ "conversationId": conversation, "content": content, "replyTo": quoted });
        app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await
    };
    let refused = post(reaction(&target), &target).await;
    assert_eq!(refused.fields(422, "invalid_request"), ["replyTo"]);
    let accepted = reply(&app, &workspace, &conversation, &reaction(&target)).await.expect(202);
    assert_eq!(accepted["replyTo"], Value::Null);
    post(json!({ "type": "text", "text": "Hi" }), accepted["id"].as_str().unwrap()).await.expect(202);
}

#[tokio::test]
async fn a_refused_reaction_is_repeated_with_its_key_and_not_looked_at_again() {
    let (app, workspace, conversation) = ready().await;
    let body = json!({ "conversationId": conversation, "content": reaction(&MessageId::new().to_string()) });
    let post = || {
        let call = app.post("/v1/conversations/reply").key(&workspace.token);
        call.header("idempotency-key", "once").json(&body).send()
    };
    post().await.problem(422, "invalid_request");
    let again = post().await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (422, "true"));
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 0);
}

#[tokio::test]
async fn templates_alone_pass_a_closed_window_and_reach_contacts_who_never_wrote() {
    let (app, workspace, conversation) = ready().await;
    let target = text(&app, &workspace, &conversation).await;
    let template = json!({ "type": "template", "name": "order_update", "language": "en_US", "parameters": ["Ada", "42"] });
    for closed in ["now() - interval '1 second'", "NULL"] {
        app.execute(&format!("UPDATE conversations SET window_expires_at = {closed}")).await;
        let accepted = reply(&app, &workspace, &conversation, &template).await.expect(202);
        assert_eq!((&accepted["content"], &accepted["status"]), (&template, &json!("pending")));
        for content in [
            json!({ "type": "text", "text": "Hi" }),
            json!({ "type": "location", "latitude": 1, "longitude": 2 }),
            json!({ "type": "interactive", "interactive": {
                "type": "buttons", "body": "b", "buttons": [{ "id": "1", "title": "One" }] } }),
            reaction(&target),
        ] {
            let answer = reply(&app, &workspace, &conversation, &content).await;
            let problem = answer.problem(422, "messaging_window_closed");
            assert_eq!(problem["messagingWindow"]["state"], "CLOSED", "{content}");
        }
        let path = format!("/v1/conversations/{conversation}");
        let shown = app.get(&path).key(&workspace.token).send().await.expect(200);
        assert_eq!(shown["canSend"], json!(["template"]));
        assert_eq!(shown["lastMessage"]["preview"], "Template: order_update");
    }
}

#[tokio::test]
async fn every_field_of_a_content_at_fault_is_named_by_its_whole_path_and_nothing_is_written() {
    let (app, workspace, conversation) = ready().await;
    let place = |longitude: Value| json!({ "type": "location", "latitude": 91, "longitude": longitude });
    let row = |title: Value| json!({ "id": "1", "title": title });
    let list = |rows: Value| {
        let list = json!({ "type": "list", "body": "b", "button": "c", "sections": [{ "rows": rows }] });
        json!({ "type": "interactive", "interactive": list })
    };
    let at = |field: &str| format!("content.{field}");
    let (id, title) = (at("interactive.sections[0].rows[1].id"), at("interactive.sections[0].rows[1].title"));
    let cases = [
        (place(Value::Null), 400, "required_field_missing", vec![at("longitude")]),
        (place(json!("181")), 400, "malformed_request", vec![at("longitude")]),
        (place(json!(181)), 422, "invalid_request", vec![at("latitude"), at("longitude")]),
        (
            list(json!([row(json!("One")), row(Value::Null)])),
            400,
            "required_field_missing",
            vec![title.clone()],
        ),
        (
            list(json!([row(json!("One")), row(json!("x".repeat(25)))])),
            422,
            "invalid_request",
            vec![title, id],
        ),
        (json!({ "type": "unsupported", "raw": {} }), 422, "unsupported_content", vec![at("type")]),
    ];
    for (content, status, code, fields) in cases {
        let answer = reply(&app, &workspace, &conversation, &content).await;
        assert_eq!(answer.fields(status, code), fields, "{content}");
    }
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 0);
}
