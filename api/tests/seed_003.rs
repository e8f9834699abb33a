//! Seeds 003 and 004 (the same page in two forms), inbox embeds: each request as it stands there, and every field of what answers it.

use common::domain::ids::CustomerId;
use common::testing::Workspace;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, TestApp};

/// The fields of an `InboxEmbed`, and of one that was just created.
const FIELDS: [&str; 14] = [
    "allowed_origins",
    "assigned_user_id",
    "assigned_user_name",
    "created_at",
    "default_mode",
    "expires_at",
    "id",
    "last_used_at",
    "name",
    "scope_id",
    "scope_name",
    "scope_type",
    "status",
    "updated_at",
];
const CREATED: [&str; 2] = ["embed_url", "token"];

struct Seed {
    app: TestApp,
    workspace: Workspace,
}

impl Seed {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        Self { app, workspace }
    }

    /// With the header that the seed sends.
    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let call = self.app.call(method, path).header("X-API-Key", &self.workspace.token);
        match body {
            Some(body) => call.json(body).send().await,
            None => call.send().await,
        }
    }

    async fn create(&self, embed: Value) -> Answer {
        self.call("POST", "/platform/v1/inbox_embeds", Some(&json!({ "inbox_embed": embed }))).await
    }

    async fn customer(&self) -> CustomerId {
        let made = self.call("POST", "/v1/customers", Some(&json!({ "name": "ACME" }))).await.expect(201);
        made["id"].as_str().unwrap().parse().unwrap()
    }
}

fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    // Beyond the seed.
    names.retain(|name| !["permissions", "viewer_keys", "require_viewer_identity"].contains(name));
    names
}

fn path(embed: &Value) -> String {
    format!("/platform/v1/inbox_embeds/{}", embed["id"].as_str().unwrap())
}

#[tokio::test]
async fn create_a_project_embed() {
    let seed = Seed::start().await;
    // As seed 004 sends it.
    let body = r#"{
"inbox_embed": {
"name": "Project inbox",
"scope_type": "project",
"allowed_origins": [
"https://app.example.com"
]
}
}"#;
    let call = seed.app.post("/platform/v1/inbox_embeds").header("X-API-Key", &seed.workspace.token);
    let answer = call.raw(body).send().await.expect(201);
    assert_eq!(names(&answer), ["data"]);
    let embed = &answer["data"];
    let mut fields = [FIELDS.as_slice(), &CREATED].concat();
    fields.sort_unstable();
    assert_eq!(names(embed), fields);
    assert!(embed["id"].as_str().unwrap().parse::<Uuid>().is_ok());
    for (field, expected) in [
        ("name", json!("Project inbox")),
        ("scope_type", json!("project")),
        ("scope_id", Value::Null),
        ("scope_name", Value::Null),
        ("assigned_user_id", Value::Null),
        ("assigned_user_name", Value::Null),
        ("status", json!("active")),
        ("allowed_origins", json!(["https://app.example.com"])),
        ("default_mode", json!("system")),
        ("expires_at", Value::Null),
        ("last_used_at", Value::Null),
    ] {
        assert_eq!(embed[field], expected, "{field}");
    }
    let token = embed["token"].as_str().unwrap();
    assert_eq!(embed["embed_url"], seed.app.url(&format!("/embed/{token}")));
    assert_eq!(embed["created_at"], embed["updated_at"]);
    let stored = format!("SELECT count(*) FROM inbox_embeds e WHERE e::text LIKE '%{token}%'");
    assert_eq!(seed.app.count(&stored).await, 0, "only a hash of the token is stored");
}

#[tokio::test]
async fn create_a_customer_and_a_phone_number_embed() {
    let seed = Seed::start().await;
    let customer = seed.customer().await;
    for id in [customer.to_string(), customer.0.to_string()] {
        let embed = json!({ "name": "Customer inbox", "scope_type": "customer", "scope_id": id });
        let made = seed.create(embed).await.expect(201);
        assert_eq!(made["data"]["scope_id"], customer.0.to_string());
        assert_eq!(made["data"]["scope_name"], "ACME");
    }
    seed.workspace.phone_number(seed.app.pool()).await;
    let number = &seed.workspace.phone_number_id;
    let embed = json!({
        "name": "Support number inbox", "scope_type": "phone_number", "scope_id": number, "default_mode": "system",
    });
    let made = seed.create(embed).await.expect(201);
    assert_eq!(made["data"]["scope_id"], *number);
    assert_eq!(made["data"]["scope_name"], "+54 9 11 5555-1234");
}

#[tokio::test]
async fn create_an_embed_of_one_user_s_conversations() {
    let seed = Seed::start().await;
    let user = seed.workspace.user;
    let made = seed.create(json!({ "scope_type": "project", "assigned_user_id": user.0 })).await.expect(201);
    assert_eq!(made["data"]["assigned_user_id"], user.0.to_string());
    assert_eq!((&made["data"]["assigned_user_name"], &made["data"]["name"]), (&json!("Olu"), &Value::Null));
}

#[tokio::test]
async fn what_cannot_be_embedded_is_refused_by_field() {
    let seed = Seed::start().await;
    let with = |name: &str, value: Value| {
        let mut embed = json!({ "scope_type": "project" });
        embed[name] = value;
        embed
    };
    for (embed, code, field) in [
        (json!({}), "invalid_request", "scope_type"),
        (with("scope_type", json!("planet")), "invalid_request", "scope_type"),
        (with("scope_type", json!("customer")), "invalid_request", "scope_id"),
        (with("scope_type", json!("phone_number")), "invalid_request", "scope_id"),
        (with("scope_id", json!("1234567890")), "invalid_request", "scope_id"),
        (with("name", json!("")), "invalid_request", "name"),
        (with("default_mode", json!("pink")), "invalid_request", "default_mode"),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), "invalid_request", "expires_at"),
        (
            with("allowed_origins", json!(["https://a.example.com/x"])),
            "invalid_request",
            "allowed_origins[0]",
        ),
        (
            with("allowed_origins", json!(["https://a.example.com", "*"])),
            "invalid_request",
            "allowed_origins[1]",
        ),
        (with("permissions", json!({})), "invalid_request", "permissions"),
        (with("permissions", json!({ "readInbox": true })), "unknown_field", "permissions.readInbox"),
        (with("colour", json!("red")), "unknown_field", "colour"),
    ] {
        let answer = seed.create(embed.clone()).await;
        assert_eq!(answer.status, 422, "{embed}");
        assert_eq!(answer.body["error"], answer.body["detail"], "the seed's ErrorResponse");
        assert_eq!(answer.fields(422, code)[0], format!("inbox_embed.{field}"), "{embed}");
    }
    for body in [json!({}), json!({ "inbox_embed": null })] {
        let answer = seed.call("POST", "/platform/v1/inbox_embeds", Some(&body)).await;
        assert_eq!(answer.fields(422, "invalid_request"), ["inbox_embed"]);
    }
    let (theirs, nobody) = (seed.app.workspace().await, Uuid::now_v7());
    theirs.phone_number(seed.app.pool()).await;
    for embed in [
        json!({ "scope_type": "customer", "scope_id": nobody }),
        json!({ "scope_type": "customer", "scope_id": "x" }),
        json!({ "scope_type": "phone_number", "scope_id": theirs.phone_number_id }),
        json!({ "scope_type": "project", "assigned_user_id": theirs.user.0 }),
    ] {
        let problem = seed.create(embed).await.problem(404, "not_found");
        assert!(problem["error"].is_string());
    }
    let call = seed.app.post("/platform/v1/inbox_embeds");
    let problem = call.json(&json!({})).send().await.problem(401, "missing_credentials");
    assert!(problem["error"].is_string());
}

#[tokio::test]
async fn list_get_and_update_omit_the_secret() {
    let seed = Seed::start().await;
    let customer = seed.customer().await;
    let first = seed.create(json!({ "scope_type": "project" })).await.expect(201)["data"].clone();
    let second =
        json!({ "scope_type": "customer", "scope_id": customer, "assigned_user_id": seed.workspace.user });
    let second = seed.create(second).await.expect(201)["data"].clone();
    let shown = seed.call("GET", &path(&first), None).await.expect(200);
    assert_eq!((names(&shown), names(&shown["data"])), (vec!["data"], FIELDS.to_vec()));
    let listed = seed.call("GET", "/platform/v1/inbox_embeds", None).await.expect(200);
    assert_eq!(listed["meta"], json!({ "page": 1, "per_page": 20, "total_pages": 1, "total_count": 2 }));
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&second["id"], &first["id"]], "the latest first");
    assert_eq!(names(&listed["data"][0]), FIELDS);
    let user = seed.workspace.user;
    for (query, expected) in [
        ("scope_type=project".to_owned(), vec![&first["id"]]),
        (format!("scope_type=customer&scope_id={}", customer.0), vec![&second["id"]]),
        (format!("scope_id={customer}"), vec![&second["id"]]),
        (format!("assigned_user_id={user}"), vec![&second["id"]]),
        ("status=revoked".to_owned(), vec![]),
        ("status=active&per_page=1&page=2".to_owned(), vec![&first["id"]]),
        ("page=9".to_owned(), vec![]),
    ] {
        let found = seed.call("GET", &format!("/platform/v1/inbox_embeds?{query}"), None).await.expect(200);
        let ids: Vec<_> = found["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, expected, "{query}");
    }
    for odd in ["status=expired", "scope_type=x", "assigned_user_id=x", "page=0", "per_page=101"] {
        let found = seed.call("GET", &format!("/platform/v1/inbox_embeds?{odd}"), None).await;
        found.problem(400, "invalid_parameter");
    }
    let change = json!({ "inbox_embed": {
        "name": "Ours", "allowed_origins": ["https://*.example.com"], "default_mode": "dark",
        "expires_at": "2036-01-01T00:00:00Z", "permissions": { "read_inbox": true },
    } });
    let changed = seed.call("PATCH", &path(&first), Some(&change)).await.expect(200);
    assert_eq!(names(&changed["data"]), FIELDS);
    assert_eq!(
        (&changed["data"]["name"], &changed["data"]["default_mode"]),
        (&json!("Ours"), &json!("dark"))
    );
    assert_eq!(changed["data"]["allowed_origins"], json!(["https://*.example.com"]));
    assert_eq!(changed["data"]["permissions"]["send_text"], false);
    let moved = json!({ "inbox_embed": { "scope_type": "customer" } });
    seed.call("PATCH", &path(&first), Some(&moved)).await.problem(422, "unknown_field");
    let theirs = seed.app.workspace().await;
    for (method, body) in [("GET", None), ("PATCH", Some(&change)), ("DELETE", None)] {
        let call = seed.app.call(method, &path(&first)).key(&theirs.token);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        call.send().await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn revoking_ends_the_token_and_its_sessions_at_once() {
    let seed = Seed::start().await;
    let made = seed.create(json!({ "scope_type": "project" })).await.expect(201)["data"].clone();
    let token = made["token"].as_str().unwrap();
    let begun = seed.app.exchange(token).await.expect(201);
    let data = &begun["data"];
    assert_eq!((&data["kind"], &data["link"]), (&json!("embed"), &Value::Null));
    assert_eq!(data["embed"]["id"], made["id"]);
    for (field, expected) in
        [("scopeType", json!("project")), ("scopeId", Value::Null), ("defaultMode", json!("system"))]
    {
        assert_eq!(data["embed"][field], expected);
    }
    assert!(data["embed"]["permissions"].as_object().unwrap().values().all(|it| it == true));
    let session = data["token"].as_str().unwrap();
    seed.app.get("/v1/conversations").key(session).send().await.expect(200);
    let revoked = seed.call("DELETE", &path(&made), None).await.expect(200);
    assert_eq!(revoked["data"]["status"], "revoked");
    seed.app.get("/v1/conversations").key(session).send().await.problem(401, "embed_revoked");
    seed.app.exchange(token).await.problem(401, "embed_revoked");
    let change = json!({ "inbox_embed": { "name": "Back" } });
    seed.call("PATCH", &path(&made), Some(&change)).await.problem(409, "embed_ended");
    assert_eq!(seed.call("DELETE", &path(&made), None).await.status, 200);
}
