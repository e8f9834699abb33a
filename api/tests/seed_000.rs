//! Seed 000, shared inbox links: each request as it stands there, and every field of what answers it.

use chrono::{DateTime, TimeDelta, Utc};
use common::testing::Workspace;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, TestApp, link_token};

const FIELDS: [&str; 12] = [
    "createdAt",
    "expiresAt",
    "id",
    "lastUsedAt",
    "name",
    "organizationId",
    "permissions",
    "phoneNumber",
    "phoneNumberId",
    "publicUrl",
    "revokedAt",
    "status",
];

/// An organization with a number.
struct Seed {
    app: TestApp,
    workspace: Workspace,
    number: Uuid,
}

impl Seed {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let number = workspace.phone_number(app.pool()).await.0;
        Self { app, workspace, number }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let call = self.app.call(method, path).key(&self.workspace.token);
        match body {
            Some(body) => call.json(body).send().await,
            None => call.header("content-type", "application/json").send().await,
        }
    }

    /// The seed's own body: only its id and its past date are replaced.
    fn body(&self) -> Value {
        json!({
            "phoneNumberId": self.number, "name": "Support vendor access", "expiresAt": "2036-04-01T00:00:00.000Z",
            "permissions": {
                "readInbox": true, "readDetails": true, "markRead": true, "sendText": true, "sendMedia": false,
                "sendTemplates": true, "sendAdvanced": false,
            },
        })
    }

    async fn create(&self) -> Value {
        let made = self.call("POST", "/v1/shared-inbox-links", Some(&self.body())).await;
        made.expect(201)["data"].clone()
    }
}

fn path(link: &Value) -> String {
    format!("/v1/shared-inbox-links/{}", link["id"].as_str().unwrap())
}

fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap();
    assert!(text.len() == 24 && text.ends_with('Z'), "milliseconds, UTC: {text}");
    text.parse().unwrap()
}

#[tokio::test]
async fn create_a_shared_inbox_link() {
    let seed = Seed::start().await;
    let answer = seed.call("POST", "/v1/shared-inbox-links", Some(&seed.body())).await;
    let location = answer.header("location").to_owned();
    let answer = answer.expect(201);
    assert_eq!(answer.as_object().unwrap().keys().collect::<Vec<_>>(), ["data"]);
    let link = &answer["data"];
    let mut fields: Vec<_> = link.as_object().unwrap().keys().map(String::as_str).collect();
    fields.retain(|field| *field != "updatedAt");
    assert_eq!(fields, FIELDS);
    let id: Uuid = link["id"].as_str().unwrap().parse().unwrap();
    assert_eq!((location, link["id"].as_str().unwrap()), (path(link), id.to_string().as_str()));
    assert_eq!(link["organizationId"], seed.workspace.organization.0.to_string());
    assert_eq!(link["phoneNumberId"], seed.number.to_string());
    assert_eq!(link["phoneNumber"], "+5491155551234");
    assert_eq!(link["name"], "Support vendor access");
    assert_eq!(link["permissions"], seed.body()["permissions"]);
    assert_eq!(link["status"], "active");
    assert_eq!(link["expiresAt"], "2036-04-01T00:00:00.000Z");
    assert_eq!((&link["revokedAt"], &link["lastUsedAt"]), (&Value::Null, &Value::Null));
    assert!(Utc::now() - time(&link["createdAt"]) < TimeDelta::minutes(1));
    assert_eq!(link["createdAt"], link["updatedAt"]);
    let url = link["publicUrl"].as_str().unwrap();
    let token = url.strip_prefix(&seed.app.url("/shared/inbox/")).unwrap();
    let (rotation, signature) = token.strip_prefix("sil_").unwrap().split_once('.').unwrap();
    assert!(rotation.parse::<Uuid>().is_ok() && signature.len() == 43, "{token}");
}

#[tokio::test]
async fn when_omitted_or_null_the_link_does_not_expire() {
    let seed = Seed::start().await;
    let mut body = seed.body();
    body["expiresAt"] = Value::Null;
    let null = seed.call("POST", "/v1/shared-inbox-links", Some(&body)).await.expect(201);
    body.as_object_mut().unwrap().remove("expiresAt");
    let omitted = seed.call("POST", "/v1/shared-inbox-links", Some(&body)).await.expect(201);
    for link in [null, omitted] {
        assert_eq!((&link["data"]["expiresAt"], &link["data"]["status"]), (&Value::Null, &json!("active")));
    }
}

#[tokio::test]
async fn the_common_presets_are_taken() {
    let seed = Seed::start().await;
    let names =
        ["readInbox", "readDetails", "markRead", "sendText", "sendMedia", "sendTemplates", "sendAdvanced"];
    for granted in [2, 6, 7] {
        let mut body = seed.body();
        body["permissions"] =
            names.iter().enumerate().map(|(n, name)| ((*name).to_owned(), json!(n < granted))).collect();
        let made = seed.call("POST", "/v1/shared-inbox-links", Some(&body)).await.expect(201);
        assert_eq!(made["data"]["permissions"], body["permissions"]);
    }
}

#[tokio::test]
async fn what_cannot_be_shared_is_refused_by_field() {
    let seed = Seed::start().await;
    let with = |name: &str, value: Value| {
        let mut body = seed.body();
        body[name] = value;
        body
    };
    for (body, status, code, field) in [
        (with("name", json!(" ")), 422, "invalid_request", "name"),
        (with("name", Value::Null), 400, "required_field_missing", "name"),
        (with("expiresAt", json!("2020-01-01T00:00:00Z")), 422, "invalid_request", "expiresAt"),
        (with("permissions", json!({})), 422, "invalid_request", "permissions"),
        (with("permissions", json!({ "readInbox": false })), 422, "invalid_request", "permissions"),
        (with("permissions", json!({ "fly": true })), 422, "unknown_field", "permissions.fly"),
        (with("permissions", json!({ "readInbox": 1 })), 400, "wrong_type", "permissions.readInbox"),
        (with("permissions", json!(["readInbox"])), 400, "wrong_type", "permissions"),
        (with("role", json!("admin")), 422, "unknown_field", "role"),
    ] {
        let answer = seed.call("POST", "/v1/shared-inbox-links", Some(&body)).await;
        assert_eq!(answer.fields(status, code), [field], "{body}");
    }
    let theirs = seed.app.workspace().await;
    let theirs = theirs.phone_number(seed.app.pool()).await.0.to_string();
    for number in [theirs, Uuid::now_v7().to_string(), "none".to_owned()] {
        let body = with("phoneNumberId", json!(number));
        seed.call("POST", "/v1/shared-inbox-links", Some(&body)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn list_shared_inbox_links() {
    let seed = Seed::start().await;
    let (first, second) = (seed.create().await, seed.create().await);
    let query = format!("/v1/shared-inbox-links?phoneNumberId={}&status=active", seed.number);
    let listed = seed.call("GET", &query, None).await.expect(200);
    assert_eq!(listed, json!({ "data": [second, first], "nextPageToken": null }));
    seed.call("DELETE", &path(&first), None).await.expect(200);
    seed.app
        .execute(&format!(
            "UPDATE shared_inbox_links SET expires_at = now() WHERE id = '{}'",
            second["id"].as_str().unwrap()
        ))
        .await;
    for (status, expected) in
        [("active", vec![]), ("revoked", vec![&first["id"]]), ("expired", vec![&second["id"]])]
    {
        let found = seed.call("GET", &format!("/v1/shared-inbox-links?status={status}"), None).await;
        let found = found.expect(200);
        let ids: Vec<_> = found["data"].as_array().unwrap().iter().map(|link| &link["id"]).collect();
        assert_eq!(ids, expected, "{status}");
        assert!(found["data"].as_array().unwrap().iter().all(|link| link["status"] == status));
    }
    let other = format!("/v1/shared-inbox-links?phoneNumberId={}", Uuid::now_v7());
    assert_eq!(seed.call("GET", &other, None).await.expect(200)["data"], json!([]));
    let page = seed.call("GET", "/v1/shared-inbox-links?pageSize=1", None).await.expect(200);
    let token = page["nextPageToken"].as_str().unwrap();
    let next = format!("/v1/shared-inbox-links?pageSize=1&pageToken={token}");
    let next = seed.call("GET", &next, None).await.expect(200);
    assert_eq!((&page["data"][0]["id"], &next["data"][0]["id"]), (&second["id"], &first["id"]));
    for odd in ["status=odd", "phoneNumberId=odd"] {
        let answer = seed.call("GET", &format!("/v1/shared-inbox-links?{odd}"), None).await;
        answer.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn get_one_shared_inbox_link() {
    let seed = Seed::start().await;
    let link = seed.create().await;
    assert_eq!(seed.call("GET", &path(&link), None).await.expect(200), json!({ "data": link }));
    let theirs = seed.app.workspace().await;
    seed.app.get(&path(&link)).key(&theirs.token).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn update_a_shared_inbox_link() {
    let seed = Seed::start().await;
    let link = seed.create().await;
    let body = json!({
        "name": "Support vendor access - Q2", "expiresAt": null,
        "permissions": {
            "readInbox": true, "readDetails": true, "markRead": true, "sendText": true, "sendMedia": true,
            "sendTemplates": true, "sendAdvanced": false,
        },
    });
    let changed = seed.call("PATCH", &path(&link), Some(&body)).await.expect(200)["data"].clone();
    for field in ["name", "expiresAt", "permissions"] {
        assert_eq!(changed[field], body[field]);
    }
    assert_eq!((&changed["publicUrl"], &changed["id"]), (&link["publicUrl"], &link["id"]));
    assert!(time(&changed["updatedAt"]) > time(&changed["createdAt"]));
    let only = seed.call("PATCH", &path(&link), Some(&json!({ "name": "Other" }))).await.expect(200);
    assert_eq!(
        (&only["data"]["name"], &only["data"]["permissions"]),
        (&json!("Other"), &body["permissions"])
    );
    for (body, field) in [
        (json!({ "permissions": {} }), "permissions"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt"),
        (json!({ "name": "" }), "name"),
    ] {
        let answer = seed.call("PATCH", &path(&link), Some(&body)).await;
        assert_eq!(answer.fields(422, "invalid_request")[0], field);
    }
    let moved = json!({ "phoneNumberId": seed.number });
    seed.call("PATCH", &path(&link), Some(&moved)).await.problem(422, "unknown_field");
}

#[tokio::test]
async fn rotate_the_public_url() {
    let seed = Seed::start().await;
    let link = seed.create().await;
    let begun = seed.app.exchange(link_token(&link)).await.expect(201);
    let session = begun["data"]["token"].as_str().unwrap();
    let rotated = seed.call("POST", &format!("{}/rotate", path(&link)), None).await.expect(200);
    let rotated = &rotated["data"];
    assert_eq!(rotated["id"], link["id"]);
    assert_ne!(rotated["publicUrl"], link["publicUrl"]);
    assert_eq!(
        seed.call("GET", &path(&link), None).await.expect(200)["data"]["publicUrl"],
        rotated["publicUrl"]
    );
    seed.app.exchange(link_token(&link)).await.problem(401, "link_rotated");
    seed.app.exchange(link_token(rotated)).await.expect(201);
    // "existing shared sessions continue working until they expire or the link is revoked"
    seed.app.get("/v1/conversations").key(session).send().await.expect(200);
}

#[tokio::test]
async fn revoke_a_shared_inbox_link() {
    let seed = Seed::start().await;
    let link = seed.create().await;
    let begun = seed.app.exchange(link_token(&link)).await.expect(201);
    let session = begun["data"]["token"].as_str().unwrap();
    seed.app.get("/v1/conversations").key(session).send().await.expect(200);
    let revoked = seed.call("DELETE", &path(&link), None).await.expect(200);
    assert_eq!(revoked["data"]["status"], "revoked");
    let since = time(&revoked["data"]["revokedAt"]);
    seed.app.get("/v1/conversations").key(session).send().await.problem(401, "link_revoked");
    seed.app.exchange(link_token(&link)).await.problem(401, "link_revoked");
    // A soft revoke: it is still there, and doing it again changes nothing.
    let again = seed.call("DELETE", &path(&link), None).await.expect(200);
    assert_eq!(time(&again["data"]["revokedAt"]), since);
    assert_eq!(seed.call("GET", &path(&link), None).await.expect(200)["data"]["status"], "revoked");
    seed.call("PATCH", &path(&link), Some(&json!({ "name": "Back" }))).await.problem(409, "link_ended");
    seed.call("POST", &format!("{}/rotate", path(&link)), None).await.problem(409, "link_ended");
}

#[tokio::test]
async fn exchange_the_token_and_use_the_session_as_a_bearer_token() {
    let seed = Seed::start().await;
    let chat = seed.workspace.conversation(seed.app.pool(), "15550000001").await.to_string();
    let link = seed.create().await;
    let answer = seed.app.exchange(link_token(&link)).await.expect(201);
    let data = &answer["data"];
    let left = time(&data["expiresAt"]) - Utc::now();
    assert!(left > TimeDelta::minutes(59) && left <= TimeDelta::hours(1));
    assert_eq!((&data["kind"], &data["embed"]), (&json!("link"), &Value::Null));
    assert_eq!(
        data["link"],
        json!({
            "id": link["id"], "name": "Support vendor access", "phoneNumberId": seed.number,
            "phoneNumber": "+5491155551234", "inboxId": seed.workspace.inbox,
            "permissions": link["permissions"], "expiresAt": "2036-04-01T00:00:00.000Z",
        })
    );
    let token = data["token"].as_str().unwrap();
    assert!(token.starts_with("sis_"));
    assert_eq!(seed.app.get("/v1/shared-inbox/session").key(token).send().await.expect(200), answer);
    let listed = seed.app.get("/v1/conversations").key(token).send().await.expect(200);
    assert_eq!(listed["conversations"][0]["id"], chat);
    let body = json!({ "conversationId": chat, "content": { "type": "text", "text": "Hello" } });
    let sent = seed.app.post("/v1/conversations/reply").key(token).json(&body).send().await.expect(202);
    assert_eq!(
        sent["sender"],
        json!({ "type": "sharedLink", "id": link["id"], "name": "Support vendor access" })
    );
    let body = json!({
        "conversationId": chat,
        "content": { "type": "location", "latitude": 1.0, "longitude": 2.0 },
    });
    let refused = seed.app.post("/v1/conversations/reply").key(token).json(&body).send().await;
    let detail = refused.problem(403, "insufficient_permission")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("sendAdvanced"), "{detail}");
    seed.app.call("DELETE", "/v1/shared-inbox/session").key(token).send().await.expect(204);
    seed.app.get("/v1/conversations").key(token).send().await.problem(401, "session_ended");
}
