//! `Idempotency-Key`: the same request is answered once, another body is a conflict.

use serde_json::{Value, json};

use crate::support::TestApp;

fn connection(app: &TestApp) -> Value {
    json!({
        "channel": "whatsapp", "externalId": "100000000000001", "accessToken": "sandbox-access-token",
        "appSecret": "sandbox-app-secret", "verifyToken": "sandbox-verify-token", "apiUrl": app.provider,
    })
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_does_nothing_more() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body = connection(&app);
    let post = |body: &Value| {
        app.post("/v1/connections").key(&workspace.token).header("idempotency-key", "a-1").json(body)
    };
    let first = post(&body).send().await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let second = post(&body).send().await;
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(second.expect(201), first.expect(201));
    let mut other = body.clone();
    other["verifyToken"] = json!("another");
    post(&other).send().await.problem(409, "idempotency_key_reused");
    let stored = "SELECT count(*) FROM connections WHERE external_id = '100000000000001'";
    assert_eq!(app.count(stored).await, 1);
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'connection.create'").await, 1);
    let secrets = "SELECT count(*) FROM idempotency_keys WHERE encode(body, 'escape') LIKE '%sandbox-a%'";
    assert_eq!(app.count(secrets).await, 0);
}

#[tokio::test]
async fn requests_that_race_with_the_same_key_share_one_answer() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body = connection(&app);
    let calls = (0..8).map(|_| {
        app.post("/v1/connections").key(&workspace.token).header("idempotency-key", "race").json(&body).send()
    });
    let answers = futures_util::future::join_all(calls).await;
    let ids: Vec<Value> = answers.into_iter().map(|answer| answer.expect(201)["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_lasting_refusal_is_repeated_and_a_passing_one_is_not() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let body =
        json!({ "whatsapp": { "resourceIds": ["100000000000001"], "phoneNumberIds": ["200000000000001"] } });
    let post = || app.post("/v1/inboxes").key(&workspace.token).header("idempotency-key", "b-1").json(&body);
    let first = post().send().await.problem(422, "no_connection");
    app.post("/v1/connections").key(&workspace.token).json(&connection(&app)).send().await.expect(201);
    let again = post().send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let again = again.problem(422, "no_connection");
    assert_eq!((&again["detail"], &again["errors"]), (&first["detail"], &first["errors"]));
    assert_ne!(again["traceId"], first["traceId"]);

    let post = || app.post("/v1/inboxes").key(&workspace.token).header("idempotency-key", "b-2").json(&body);
    app.execute("UPDATE connections SET api_url = 'http://127.0.0.1:9'").await;
    post().send().await.problem(502, "provider_unavailable");
    app.execute(&format!("UPDATE connections SET api_url = '{}'", app.provider)).await;
    post().send().await.expect(200);
}

#[tokio::test]
async fn a_key_belongs_to_one_credential_and_lasts_a_day() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.workspace().await, app.workspace().await);
    let body = connection(&app);
    for workspace in [&ours, &theirs] {
        let call =
            app.post("/v1/connections").key(&workspace.token).header("idempotency-key", "c-1").json(&body);
        let answer = call.send().await;
        assert_eq!(answer.header("idempotent-replayed"), "");
        answer.expect(201);
    }
    app.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'").await;
    let call = app.post("/v1/connections").key(&ours.token).header("idempotency-key", "c-1").json(&body);
    call.send().await.problem(409, "already_exists");
    assert_eq!(app.count("SELECT count(*) FROM idempotency_keys WHERE status = 0").await, 0);
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let cancel = format!("/v1/messages/{}/cancel", common::domain::ids::MessageId::new());
    for path in ["/v1/connections", "/v1/inboxes", "/v1/conversations/reply", "/v1/messages", &cancel] {
        for key in ["", "two words", "ключ", &"x".repeat(256)] {
            let call = app.post(path).key(&workspace.token).header("idempotency-key", key).raw("{}");
            call.send().await.problem(400, "invalid_idempotency_key");
        }
        let twice = app
            .post(path)
            .key(&workspace.token)
            .header("idempotency-key", "a")
            .header("idempotency-key", "b");
        twice.raw("{}").send().await.problem(400, "invalid_idempotency_key");
    }
}
