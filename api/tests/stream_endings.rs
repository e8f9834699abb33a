//! A stream ends with the credential that opened it, however that ends, and whichever process is told.

use std::time::Duration;

use common::domain::ids::UserId;
use common::domain::principal::Role;
use common::testing::Workspace;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Options, TestApp, link_token};

/// A key is looked at every five seconds, and remembered for five.
const END: Duration = Duration::from_secs(20);

/// Two processes of one Switchboard.
struct Two {
    first: TestApp,
    second: TestApp,
    of: Workspace,
    number: Value,
}

impl Two {
    async fn start() -> Self {
        let first = TestApp::start().await;
        let url = first.config().database.url.expose().to_owned();
        let second = TestApp::start_with(Options { database_url: Some(url), ..Options::default() }).await;
        let of = first.workspace().await;
        let number = json!(of.phone_number(first.pool()).await.0);
        Self { first, second, of, number }
    }

    /// A call to the first process.
    async fn call(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        self.first.call(method, path).key(&self.of.token).json(&body).send().await.expect(status)
    }

    async fn key(&self) -> (String, String) {
        let made = self.call("POST", "/v1/api-keys", json!({ "name": "Reader" }), 201).await;
        (text(&made["id"]), text(&made["key"]))
    }

    /// A link on the number, and the token of a session of it.
    async fn visit(&self) -> (String, String) {
        let body =
            json!({ "phoneNumberId": self.number, "name": "Vendor", "permissions": { "readInbox": true } });
        let link = self.call("POST", "/v1/shared-inbox-links", body, 201).await;
        (text(&link["data"]["id"]), self.begin(link_token(&link["data"])).await)
    }

    /// An embed, and the token of a session of it.
    async fn embed(&self) -> (String, String) {
        let body = json!({ "inbox_embed": { "scope_type": "project", "allowed_origins": ["https://app.example.com"] } });
        let made = self.call("POST", "/platform/v1/inbox_embeds", body, 201).await;
        (text(&made["data"]["id"]), self.begin(made["data"]["token"].as_str().unwrap()).await)
    }

    async fn begin(&self, token: &str) -> String {
        text(&self.first.exchange(token).await.expect(201)["data"]["token"])
    }

    /// A stream of each process.
    async fn open(&self, token: &str) -> [reqwest::Response; 2] {
        let open = async |app: &TestApp| {
            let call = app.get("/v1/events").key(token).header("accept", "text/event-stream");
            let response = call.0.send().await.unwrap();
            assert_eq!(response.status(), 200);
            response
        };
        [open(&self.first).await, open(&self.second).await]
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().unwrap()
}

/// Reads until the stream ends.
async fn end(how: &str, mut stream: reqwest::Response) {
    let read = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(END, read).await.unwrap_or_else(|_| panic!("{how}: the stream goes on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_key_however_that_ends_in_every_process() {
    let two = Two::start().await;
    let (revoked, revoked_key) = two.key().await;
    let (rotated, rotated_key) = two.key().await;
    let (expiring, expiring_key) = two.key().await;
    let body = json!({ "name": "Ada", "email": "ada@example.com", "role": "agent" });
    let user = text(&two.call("POST", "/v1/users", body, 201).await["id"]);
    let users_key = two.first.key_of(&two.of, id::<UserId>(&user), Role::Agent, &[]).await;
    let streams = [
        ("revoked", two.open(&revoked_key).await),
        ("rotated", two.open(&rotated_key).await),
        ("expired", two.open(&expiring_key).await),
        ("its user was removed", two.open(&users_key).await),
    ];
    let mut staying = two.open(&two.of.token).await;
    two.call("DELETE", &format!("/v1/api-keys/{revoked}"), Value::Null, 204).await;
    two.call("POST", &format!("/v1/api-keys/{rotated}/rotate"), json!({ "overlapSeconds": 1 }), 201).await;
    let expiring = id::<common::domain::ids::ApiKeyId>(&expiring).0;
    let soon =
        format!("UPDATE api_keys SET expires_at = now() + interval '1 second' WHERE id = '{expiring}'");
    two.first.execute(&soon).await;
    two.call("DELETE", &format!("/v1/users/{user}"), Value::Null, 204).await;
    let ends = streams.into_iter().flat_map(|(how, streams)| streams.map(|stream| end(how, stream)));
    join_all(ends).await;
    for stream in &mut staying {
        let read = tokio::time::timeout(Duration::from_millis(100), stream.chunk()).await;
        assert!(!matches!(read, Ok(Ok(None) | Err(_))), "one whose key is good goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_s_stream_ends_with_its_session_link_or_embed_in_every_process() {
    let two = Two::start().await;
    let mut visits = Vec::new();
    for _ in 0..4 {
        visits.push(two.visit().await);
    }
    let mut embeds = Vec::new();
    for _ in 0..2 {
        embeds.push(two.embed().await);
    }
    let hows = ["session ended", "session expired", "link expired", "link revoked"];
    let mut streams = Vec::new();
    for (how, (_, token)) in
        hows.into_iter().chain(["embed expired", "embed revoked"]).zip(visits.iter().chain(&embeds))
    {
        streams.push((how, two.open(token).await));
    }
    // Sessions of a link that has another address now go on.
    let (rotated, token) = two.visit().await;
    let mut staying = two.open(&token).await;
    let link = |place: usize| format!("/v1/shared-inbox-links/{}", visits[place].0);
    let sessions = two.call("GET", &format!("{}/sessions", link(0)), Value::Null, 200).await;
    let session = format!("{}/sessions/{}", link(0), text(&sessions["data"][0]["id"]));
    two.call("DELETE", &session, Value::Null, 204).await;
    let soon = "expires_at = now() + interval '1 second'";
    let sql = format!(
        "UPDATE shared_inbox_sessions SET {soon} WHERE link_id = '{}';
        UPDATE shared_inbox_links SET {soon} WHERE id = '{}'; UPDATE inbox_embeds SET {soon} WHERE id = '{}'",
        visits[1].0, visits[2].0, embeds[0].0
    );
    two.first.execute(&sql).await;
    two.call("POST", &format!("/v1/shared-inbox-links/{rotated}/rotate"), json!({}), 200).await;
    two.call("DELETE", &link(3), Value::Null, 200).await;
    two.call("DELETE", &format!("/platform/v1/inbox_embeds/{}", embeds[1].0), Value::Null, 200).await;
    let ends = streams.into_iter().flat_map(|(how, streams)| streams.map(|stream| end(how, stream)));
    join_all(ends).await;
    for stream in &mut staying {
        let read = tokio::time::timeout(Duration::from_millis(100), stream.chunk()).await;
        assert!(!matches!(read, Ok(Ok(None) | Err(_))), "one whose link is good goes on");
    }
}
