//! Without PostgreSQL the api starts, stays alive, says what it lacks, and refuses with a hint when to come back.

use std::time::Duration;

use common::testing::eventually;
use serde_json::json;

use crate::support::{Options, TestApp};

#[tokio::test]
async fn without_a_database_the_api_lives_and_says_so() {
    let url = Some("postgres://postgres@127.0.0.1:9/none".to_owned());
    let app = TestApp::start_with(Options { database_url: url, ..Options::default() }).await;
    app.get("/v1/conversations").key("sk_org_any").send().await.problem(503, "database_unavailable");
    let body = json!({ "conversationId": "x", "content": {} });
    app.post("/v1/conversations/reply")
        .key("sk_org_any")
        .json(&body)
        .send()
        .await
        .problem(503, "database_unavailable");
    let report = eventually("the loss is told", Duration::from_secs(10), async || {
        let report = app.get("/readyz").send().await;
        let (database, broker) =
            (&report.body["parts"]["postgresql"]["ok"], &report.body["parts"]["rabbitmq"]["ok"]);
        if (database, broker) == (&json!(false), &json!(true)) { Ok(report) } else { Err(report) }
    })
    .await;
    assert_eq!(report.expect(200)["ready"], true);
    assert_eq!(app.get("/healthz").send().await.status, 200);
    app.stop().await;
}
