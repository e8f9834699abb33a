//! Requests that cannot be served, and the answer that each gets. Nothing of them is written.

use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn ready() -> (TestApp, Workspace, String) {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let conversation = workspace.conversation(app.pool(), "15550000001").await.to_string();
    (app, workspace, conversation)
}

fn reply(conversation: &str, content: &Value) -> Value {
    json!({ "conversationId": conversation, "content": content })
}

/// A good reply with one field set to something else.
fn with(conversation: &str, field: &str, value: Value) -> Value {
    let mut body = reply(conversation, &json!({ "type": "text", "text": "Hello" }));
    body[field] = value;
    body
}

#[tokio::test]
async fn replies_that_cannot_be_read_or_accepted_name_what_is_wrong() {
    let (app, workspace, conversation) = ready().await;
    let id = conversation.as_str();
    let text = |text: String| reply(id, &json!({ "type": "text", "text": text }));
    let cases: Vec<(Value, u16, &str, &[&str])> = vec![
        (json!([]), 400, "malformed_request", &[]),
        (json!({}), 400, "required_field_missing", &["conversationId"]),
        (json!({ "conversationId": id }), 400, "required_field_missing", &["content"]),
        (reply(id, &Value::Null), 400, "required_field_missing", &["content"]),
        (with(id, "conversationId", Value::Null), 400, "required_field_missing", &["conversationId"]),
        (with(id, "conversationId", json!(5)), 400, "wrong_type", &["conversationId"]),
        (with(id, "conversationId", json!("nonsense")), 404, "not_found", &[]),
        (with(id, "surprise", json!(1)), 422, "unknown_field", &["surprise"]),
        (with(id, "scheduledAt", json!("2001-01-01T00:00:00Z")), 422, "invalid_request", &["scheduledAt"]),
        (with(id, "onClosedWindow", json!("wait")), 422, "unsupported_value", &["onClosedWindow"]),
        (with(id, "onClosedWindow", json!(true)), 400, "wrong_type", &["onClosedWindow"]),
        (with(id, "replyTo", json!("nonsense")), 422, "invalid_request", &["replyTo"]),
        (with(id, "expiresAt", json!("soon")), 422, "invalid_request", &["expiresAt"]),
        (with(id, "expiresAt", json!("2001-01-01T00:00:00Z")), 422, "invalid_request", &["expiresAt"]),
        (with(id, "expiresAt", json!("9999-01-01T00:00:00Z")), 422, "invalid_request", &["expiresAt"]),
        (with(id, "clientReference", json!("")), 422, "invalid_request", &["clientReference"]),
        (with(id, "clientReference", json!("x".repeat(256))), 422, "invalid_request", &["clientReference"]),
        (with(id, "clientReference", json!("a\u{0}b")), 422, "invalid_request", &["clientReference"]),
        (reply(id, &json!({ "type": "text" })), 400, "required_field_missing", &["content.text"]),
        (reply(id, &json!({ "text": "no type" })), 400, "required_field_missing", &["content.type"]),
        (reply(id, &json!({ "type": "telepathy" })), 422, "unknown_content_type", &["content.type"]),
        (text(String::new()), 422, "invalid_request", &["content.text"]),
        (text("x".repeat(4_097)), 422, "invalid_request", &["content.text"]),
        (text("a\u{0}b".into()), 422, "invalid_request", &["content.text"]),
    ];
    for (body, status, code, fields) in cases {
        let answer = app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await;
        let shown: String = body.to_string().chars().take(120).collect();
        assert_eq!(answer.status, status, "{shown}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{shown}");
    }
    assert_eq!(app.count("SELECT count(*) FROM messages").await, 0);
}

#[tokio::test]
async fn any_script_and_the_longest_text_are_accepted_whole() {
    let (app, workspace, conversation) = ready().await;
    for text in
        ["👋🏽👨‍👩‍👧‍👦".to_owned(), "שלום עולם مرحبا".to_owned(), "𝕏".repeat(4_096), "two\nlines\ttab".to_owned()]
    {
        let body = reply(&conversation, &json!({ "type": "text", "text": text }));
        let accepted =
            app.post("/v1/conversations/reply").key(&workspace.token).json(&body).send().await.expect(202);
        let path = format!("/v1/messages/{}", accepted["id"].as_str().unwrap());
        let stored = app.get(&path).key(&workspace.token).send().await.expect(200);
        assert_eq!(stored["content"]["text"], text);
    }
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_size_or_form_are_refused() {
    let (app, workspace, conversation) = ready().await;
    for path in ["/v1/conversations/reply", "/v1/messages", "/v1/inboxes", "/v1/connections"] {
        let post = || app.post(path).key(&workspace.token);
        for broken in ["", "{", "{\"a\":1,}", "nonsense", "{}{}", "\u{feff}{}"] {
            post().raw(broken).send().await.problem(400, "malformed_request");
        }
        post()
            .raw(vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}'])
            .send()
            .await
            .problem(400, "malformed_request");
        post().raw("[".repeat(200_000)).send().await.problem(400, "malformed_request");
        post().raw(vec![b' '; (1 << 20) + 1]).send().await.problem(413, "body_too_large");
        let plain = post().header("content-type", "text/plain").send().await;
        plain.problem(415, "unsupported_media_type");
        post().send().await.problem(415, "unsupported_media_type");
    }
    let padded =
        json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hi" } }).to_string();
    let padded = format!("{padded}{}", " ".repeat((1 << 20) - padded.len()));
    app.post("/v1/conversations/reply").key(&workspace.token).raw(padded).send().await.expect(202);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_off_at_the_limit() {
    let (app, workspace, _) = ready().await;
    let chunks = (0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 16]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    app.post("/v1/inboxes").key(&workspace.token).raw(body).send().await.problem(413, "body_too_large");
}

#[tokio::test]
async fn query_parameters_with_a_fault_are_named() {
    let (app, workspace, conversation) = ready().await;
    let messages = format!("/v1/conversations/{conversation}/messages");
    let cases = [
        ("/v1/conversations", "pageSize=0", "invalid_parameter", "pageSize"),
        ("/v1/conversations", "pageSize=101", "invalid_parameter", "pageSize"),
        ("/v1/conversations", "pageSize=many", "invalid_parameter", "pageSize"),
        ("/v1/conversations", "pageSize=-1", "invalid_parameter", "pageSize"),
        ("/v1/conversations", "pageToken=nonsense", "invalid_page_token", "pageToken"),
        ("/v1/conversations", "dateFrom=yesterday", "invalid_parameter", "dateFrom"),
        ("/v1/conversations", "dateFrom=%00", "invalid_parameter", "dateFrom"),
        ("/v1/conversations", "channelIds=telegram", "invalid_parameter", "channelIds"),
        ("/v1/conversations", "unreadOnly=maybe", "invalid_parameter", "unreadOnly"),
        ("/v1/conversations", "archived=1", "invalid_parameter", "archived"),
        ("/v1/conversations", "orderBy=-name", "invalid_parameter", "orderBy"),
        ("/v1/conversations", "inboxId=nonsense", "invalid_parameter", "inboxId"),
        ("/v1/conversations", "surprise=1", "unknown_parameter", "surprise"),
        ("/v1/inboxes", "pageToken=00", "invalid_page_token", "pageToken"),
        ("/v1/connections", "pageSize=1000", "invalid_parameter", "pageSize"),
        (messages.as_str(), "limit=0", "invalid_parameter", "limit"),
        (messages.as_str(), "idFrom=nonsense", "invalid_parameter", "idFrom"),
        (messages.as_str(), "idTo=cnv_01KASDPK7RFXV9N0R0QV4T9M5C", "invalid_parameter", "idTo"),
        (messages.as_str(), "pageSize=1", "unknown_parameter", "pageSize"),
    ];
    for (path, query, code, field) in cases {
        let answer = app.get(&format!("{path}?{query}")).key(&workspace.token).send().await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        assert_eq!(answer.fields(400, code), [field], "{query}");
    }
}
