//! Channel webhooks: the handshake, signatures, and bodies of every size.

use common::crypto::signature::hmac_sha256;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const PATH: &str = "/channels/whatsapp/webhook";

fn handshake(mode: &str, token: &str, challenge: &str) -> String {
    format!("{PATH}?hub.mode={mode}&hub.verify_token={token}&hub.challenge={challenge}")
}

async fn post(app: &TestApp, body: Vec<u8>, secret: &str) -> Answer {
    let signature = format!("sha256={}", hex::encode(hmac_sha256(secret.as_bytes(), &body)));
    app.post(PATH).header("x-hub-signature-256", &signature).raw(body).send().await
}

fn message(workspace: &Workspace, id: &str) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550000001", "phone_number_id": workspace.phone_number_id },
        "contacts": [{ "wa_id": "15550001111", "profile": { "name": "Ada" } }],
        "messages": [{ "from": "15550001111", "id": id, "timestamp": "1700000000", "type": "text",
            "text": { "body": "Hello" } }],
    } }] }] })
}

#[tokio::test]
async fn the_handshake_answers_only_a_known_verify_token() {
    let app = TestApp::start().await;
    app.get(&handshake("subscribe", "sandbox-verify-token", "1158201444"))
        .send()
        .await
        .problem(403, "verify_token_mismatch");
    app.workspace().await;
    // What was read is trusted for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let answer = app.get(&handshake("subscribe", "sandbox-verify-token", "1158201444")).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "1158201444"));
    app.get(&handshake("subscribe", "guess", "1")).send().await.problem(403, "verify_token_mismatch");
    app.get(&handshake("unsubscribe", "sandbox-verify-token", "1"))
        .send()
        .await
        .problem(400, "invalid_parameter");
    app.get(PATH).send().await.problem(400, "invalid_parameter");
    app.get("/channels/telegraph/webhook").send().await.problem(404, "not_found");
    app.post("/channels/telegraph/webhook").raw("{}").send().await.problem(404, "not_found");
}

#[tokio::test]
async fn only_what_the_connections_secret_signs_is_taken_in() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body = message(&workspace, "wamid.A").to_string().into_bytes();
    assert_eq!(app.post(PATH).raw(body.clone()).send().await.status, 401);
    assert_eq!(post(&app, body.clone(), "another-secret").await.status, 401);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 0);
    assert_eq!(post(&app, body.clone(), "sandbox-app-secret").await.status, 200);
    assert_eq!(post(&app, body, "sandbox-app-secret").await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 1);
}

#[tokio::test]
async fn a_batch_of_a_thousand_and_what_is_too_large() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let mut batch = message(&workspace, "wamid.0");
    let entry = batch["entry"][0].clone();
    let entries = (0..1_000).map(|number| {
        let mut entry = entry.clone();
        entry["changes"][0]["value"]["messages"][0]["id"] = json!(format!("wamid.{number}"));
        entry
    });
    batch["entry"] = Value::Array(entries.collect());
    assert_eq!(post(&app, batch.to_string().into_bytes(), "sandbox-app-secret").await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 1_000);
    app.post(PATH).raw(vec![b' '; (4 << 20) + 1]).send().await.problem(413, "body_too_large");
}
