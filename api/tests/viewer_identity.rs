//! Who looks at an embed, as the product that holds it proves: named by a token that it signs, narrowed by it, and recorded.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use common::crypto::signature::hmac_sha256;
use common::testing::Workspace;
use serde_json::{Value, json};

use crate::support::{Answer, HostKey, TestApp};

struct Held {
    app: TestApp,
    workspace: Workspace,
    key: HostKey,
    embed: Value,
}

impl Held {
    /// An embed with a key; and with what else is given.
    async fn start(more: Value) -> Self {
        let app = TestApp::start().await;
        let workspace = app.workspace().await;
        let key = HostKey::new("one");
        let mut embed = json!({ "name": "Desk", "scope_type": "project", "viewer_keys": [key.jwk()] });
        embed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = create(&app, &workspace, &embed).await.expect(201);
        Self { app, workspace, key, embed: made["data"].clone() }
    }

    async fn exchange(&self, viewer_token: &str) -> Answer {
        let body = json!({ "token": self.embed["token"], "viewerToken": viewer_token });
        self.app.post("/v1/shared-inbox/sessions").json(&body).send().await
    }

    /// A session of the viewer that these claims name.
    async fn enter(&self, claims: Value) -> Value {
        let begun = self.exchange(&self.key.token(&self.embed, &claims)).await.expect(201);
        begun["data"].clone()
    }

    async fn update(&self, change: Value) -> Answer {
        let path = format!("/platform/v1/inbox_embeds/{}", self.embed["id"].as_str().unwrap());
        let call = self.app.call("PATCH", &path).key(&self.workspace.token);
        call.json(&json!({ "inbox_embed": change })).send().await
    }

    async fn listed(&self, session: &Value) -> Answer {
        self.app.get("/v1/conversations").key(session["token"].as_str().unwrap()).send().await
    }
}

async fn create(app: &TestApp, workspace: &Workspace, embed: &Value) -> Answer {
    let call = app.post("/platform/v1/inbox_embeds").key(&workspace.token);
    call.json(&json!({ "inbox_embed": embed })).send().await
}

#[tokio::test]
async fn a_viewer_is_shown_and_recorded_on_what_it_does() {
    let held = Held::start(json!({})).await;
    let app = &held.app;
    let conversation = held.workspace.conversation(app.pool(), "15550000001").await;
    let claims = json!({ "name": "Ana Gómez", "email": "ana@example.com" });
    let session = held.enter(claims).await;
    let viewer = json!({ "id": "user-42", "name": "Ana Gómez", "email": "ana@example.com" });
    assert_eq!(session["viewer"], viewer);
    let token = session["token"].as_str().unwrap();
    let again = app.get("/v1/shared-inbox/session").key(token).send().await.expect(200);
    assert_eq!(again["data"], session);
    let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hello" } });
    let sent = app.post("/v1/conversations/reply").key(token).json(&body).send().await.expect(202);
    let sender =
        json!({ "type": "embed", "id": held.embed["id"], "name": "Ana Gómez", "viewerId": "user-42" });
    assert_eq!(sent["sender"], sender);
    let path = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    let owners = app.get(&path).key(&held.workspace.token).send().await.expect(200);
    assert_eq!(owners["sender"], sender);
    app.post(&format!("{path}/cancel")).key(token).send().await.expect(200);
    app.execute("UPDATE conversations SET unread_count = 3").await;
    for verb in ["read", "archive"] {
        let path = format!("/v1/conversations/{conversation}/{verb}");
        app.call("PATCH", &path).key(token).send().await.expect(204);
    }
    for action in ["message.create", "message.cancel", "conversation.read", "conversation.archive"] {
        let sql = format!(
            "SELECT count(*) FROM audit_log WHERE action = '{action}' AND detail ->> 'via' = 'via embed Desk as user-42'
                AND detail ->> 'viewerId' = 'user-42' AND detail::text NOT LIKE '%Ana%'"
        );
        assert_eq!(app.count(&sql).await, 1, "{action}");
    }
    let told = "SELECT count(*) FROM events WHERE payload::text LIKE '%\"viewerId\"%user-42%'";
    assert!(app.count(told).await >= 2, "events name the viewer");
}

#[tokio::test]
async fn without_a_viewer_s_token_nothing_is_new_unless_the_embed_requires_one() {
    let held = Held::start(json!({})).await;
    let token = held.embed["token"].as_str().unwrap();
    let anonymous = held.app.exchange(token).await.expect(201)["data"].clone();
    assert_eq!(anonymous["viewer"], Value::Null);
    let named = held.enter(json!({})).await;
    assert_eq!(named["viewer"], json!({ "id": "user-42", "name": null, "email": null }));
    let changed = held.update(json!({ "require_viewer_identity": true })).await.expect(200);
    assert_eq!(changed["data"]["require_viewer_identity"], true);
    held.app.exchange(token).await.problem(401, "viewer_identity_required");
    // Sessions go by it from their next request on.
    held.listed(&anonymous).await.problem(401, "viewer_identity_required");
    held.listed(&named).await.expect(200);
    held.enter(json!({})).await;
    let refused = held.update(json!({ "viewer_keys": [] })).await;
    assert_eq!(refused.fields(422, "invalid_request"), ["inbox_embed.viewer_keys"]);
    let both = json!({ "viewer_keys": [], "require_viewer_identity": false });
    held.update(both).await.expect(200);
    held.exchange(&held.key.token(&held.embed, &json!({}))).await.problem(401, "invalid_viewer_token");
    held.listed(&named).await.problem(401, "viewer_key_removed");
}

#[tokio::test]
async fn what_proves_nothing_lets_nobody_in() {
    let held = Held::start(json!({})).await;
    let (key, embed, now) = (&held.key, &held.embed, Utc::now().timestamp());
    let good = key.token(embed, &json!({}));
    let forger = HostKey::new("one");
    let header = |alg: &str, kid: Value| json!({ "alg": alg, "typ": "JWT", "kid": kid });
    let claims = json!({ "sub": "user-42", "aud": embed["id"], "exp": now + 300 });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", part(&header("none", json!("one"))), part(&claims));
    // The public key is no secret: who takes it for one has let everybody sign.
    let by_hmac = format!("{}.{}", part(&header("HS256", json!("one"))), part(&claims));
    let by_hmac =
        format!("{by_hmac}.{}", URL_SAFE_NO_PAD.encode(hmac_sha256(key.public(), by_hmac.as_bytes())));
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other_claims = format!("{head}.{}.{signature}", part(&json!({ "sub": "admin", "aud": embed["id"] })));
    let with = |more: Value| key.token(embed, &more);
    let critical = json!({ "alg": "EdDSA", "kid": "one", "crit": ["exp"], "exp": now });
    for (what, token) in [
        ("forged", forger.token(embed, &json!({}))),
        ("other claims under a good signature", other_claims),
        ("truncated", good[..good.len() - 2].to_owned()),
        ("without signature", good.rsplit_once('.').unwrap().0.to_owned()),
        ("no token", "x".to_owned()),
        ("empty", String::new()),
        ("huge", "x".repeat(100_000)),
        ("unsigned", unsigned),
        ("signed by HMAC with the public key", by_hmac),
        ("a header that says HMAC over a good signature", key.sign(&header("HS256", json!("one")), &claims)),
        ("a critical header that nobody knows", key.sign(&critical, &claims)),
        ("unknown kid", key.sign(&header("EdDSA", json!("two")), &claims)),
        ("no kid", key.sign(&json!({ "alg": "EdDSA" }), &claims)),
        ("another audience", with(json!({ "aud": uuid::Uuid::now_v7() }))),
        ("no audience", with(json!({ "aud": null }))),
        ("no expiry", with(json!({ "exp": null }))),
        ("a text for an expiry", with(json!({ "exp": "tomorrow" }))),
        ("too long a life", with(json!({ "exp": now + 7_200, "iat": null }))),
        ("too long a life, most of it over", with(json!({ "iat": now - 7_000, "exp": now + 300 }))),
        ("not yet", with(json!({ "nbf": now + 200 }))),
        ("issued in the future", with(json!({ "iat": now + 200 }))),
        ("nobody", with(json!({ "sub": "" }))),
        ("no sub", with(json!({ "sub": null }))),
        ("a number for a sub", with(json!({ "sub": 42 }))),
        ("a long sub", with(json!({ "sub": "x".repeat(256) }))),
        ("a sub with a line break", with(json!({ "sub": "a\nb" }))),
        ("an empty name", with(json!({ "name": "" }))),
        ("no address", with(json!({ "email": "ana" }))),
        ("no such permission", with(json!({ "permissions": ["read_inbox", "fly"] }))),
        ("permissions that are no list", with(json!({ "permissions": { "read_inbox": true } }))),
    ] {
        let answer = held.exchange(&token).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        answer.problem(401, "invalid_viewer_token");
    }
    let expired = with(json!({ "iat": now - 400, "exp": now - 100 }));
    held.exchange(&expired).await.problem(401, "viewer_token_expired");
    assert_eq!(held.app.count("SELECT count(*) FROM shared_inbox_sessions").await, 0);
}

#[tokio::test]
async fn clocks_may_differ_a_little_and_a_token_may_come_again() {
    let held = Held::start(json!({})).await;
    let now = Utc::now().timestamp();
    let ahead =
        json!({ "iat": now + 30, "nbf": now + 30, "exp": now + 3_630, "aud": ["other", held.embed["id"]] });
    held.enter(ahead).await;
    held.enter(json!({ "iat": now - 100, "exp": now - 30 })).await;
    let token = held.key.token(&held.embed, &json!({}));
    for _ in 0..2 {
        held.exchange(&token).await.expect(201);
    }
}

#[tokio::test]
async fn a_token_narrows_what_the_embed_permits_and_never_widens_it() {
    let held = Held::start(json!({ "permissions": { "read_inbox": true, "send_text": true } })).await;
    let app = &held.app;
    let conversation = held.workspace.conversation(app.pool(), "15550000001").await;
    let granted = |session: &Value| -> Vec<String> {
        let granted = session["embed"]["permissions"].as_object().unwrap().iter();
        granted.filter(|(_, granted)| **granted == true).map(|(name, _)| name.clone()).collect()
    };
    let reply = async |session: &Value| {
        let body = json!({ "conversationId": conversation, "content": { "type": "text", "text": "Hello" } });
        let call = app.post("/v1/conversations/reply").key(session["token"].as_str().unwrap());
        call.json(&body).send().await.status
    };
    let wider = held.enter(json!({ "permissions": ["read_inbox", "mark_read", "send_media"] })).await;
    assert_eq!(granted(&wider), ["readInbox"]);
    assert_eq!((held.listed(&wider).await.status, reply(&wider).await), (200, 403));
    let read = format!("/v1/conversations/{conversation}/read");
    let read = app.call("PATCH", &read).key(wider["token"].as_str().unwrap()).send().await;
    read.problem(403, "insufficient_permission");
    let all = held.enter(json!({})).await;
    assert_eq!(
        (granted(&all), reply(&all).await),
        (vec!["readInbox".to_owned(), "sendText".to_owned()], 202)
    );
    let none = held.enter(json!({ "permissions": [] })).await;
    assert_eq!(held.listed(&none).await.status, 403);
    // What the embed gets later is still narrowed.
    held.update(json!({ "permissions": { "read_inbox": true, "mark_read": true } })).await.expect(200);
    let shown = app.get("/v1/shared-inbox/session").key(wider["token"].as_str().unwrap()).send().await;
    assert_eq!(granted(&shown.expect(200)["data"]), ["markRead", "readInbox"]);
    assert_eq!(reply(&all).await, 403);
}

#[tokio::test]
async fn keys_are_rotated_and_a_session_ends_with_the_key_that_proved_it() {
    let held = Held::start(json!({})).await;
    let (old, new) = (&held.key, HostKey::new("two"));
    let by_old = held.enter(json!({})).await;
    let both = held.update(json!({ "viewer_keys": [old.jwk(), new.pem()] })).await.expect(200);
    assert_eq!(both["data"]["viewer_keys"], json!([old.jwk(), new.jwk()]), "a PEM is shown as a JWK");
    let by_new = held.exchange(&new.token(&held.embed, &json!({}))).await.expect(201)["data"].clone();
    held.listed(&by_old).await.expect(200);
    held.update(json!({ "viewer_keys": [new.jwk()] })).await.expect(200);
    held.exchange(&old.token(&held.embed, &json!({}))).await.problem(401, "invalid_viewer_token");
    held.listed(&by_old).await.problem(401, "viewer_key_removed");
    held.listed(&by_new).await.expect(200);
    // Another key under the old name proves nothing about the old sessions.
    let third = HostKey::new("one");
    held.update(json!({ "viewer_keys": [third.jwk(), new.jwk()] })).await.expect(200);
    held.listed(&by_old).await.problem(401, "viewer_key_removed");
    held.update(json!({ "name": "Desk 2" })).await.expect(200);
    held.listed(&by_new).await.expect(200);
}

#[tokio::test]
async fn keys_that_are_none_are_refused_by_field() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let key = HostKey::new("one");
    let with = |name: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[name] = value;
        jwk
    };
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (keys, code, field) in [
        (json!([with("kid", json!(""))]), "invalid_request", "[0].kid"),
        (json!([with("kid", json!(null))]), "invalid_request", "[0].kid"),
        (json!([key.jwk(), key.pem()]), "invalid_request", "[1].kid"),
        (json!([with("kty", json!("RSA"))]), "invalid_request", "[0].kty"),
        (json!([with("crv", json!("X25519"))]), "invalid_request", "[0].crv"),
        (json!([with("alg", json!("HS256"))]), "invalid_request", "[0].alg"),
        (json!([with("use", json!("enc"))]), "invalid_request", "[0].use"),
        (json!([with("x", json!("AAAA"))]), "invalid_request", "[0].x"),
        (
            json!([with("x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))]),
            "invalid_request",
            "[0].x",
        ),
        (json!([with("d", json!("secret"))]), "invalid_request", "[0]"),
        (json!([with("pem", json!("x"))]), "invalid_request", "[0]"),
        (json!([{ "kid": "k" }]), "invalid_request", "[0]"),
        (json!([{ "kid": "k", "pem": "x" }]), "invalid_request", "[0].pem"),
        (json!([{ "kid": "k", "pem": private }]), "invalid_request", "[0]"),
        (json!([with("odd", json!(1))]), "unknown_field", "[0].odd"),
        (
            json!((0..11).map(|n| with("kid", json!(format!("k{n}")))).collect::<Vec<_>>()),
            "invalid_request",
            "",
        ),
    ] {
        let embed = json!({ "scope_type": "project", "viewer_keys": keys });
        let answer = create(&app, &workspace, &embed).await;
        assert_eq!(answer.fields(422, code)[0], format!("inbox_embed.viewer_keys{field}"), "{keys}");
    }
    let required = json!({ "scope_type": "project", "require_viewer_identity": true });
    let answer = create(&app, &workspace, &required).await;
    assert_eq!(answer.fields(422, "invalid_request"), ["inbox_embed.viewer_keys"]);
    let whole = with("key_ops", json!(["verify"]));
    let embed = json!({ "scope_type": "project", "viewer_keys": [whole], "require_viewer_identity": true });
    create(&app, &workspace, &embed).await.expect(201);
    assert_eq!(
        app.count("SELECT count(*) FROM audit_log WHERE detail -> 'viewerKeys' = '[\"one\"]'").await,
        1
    );
}

#[tokio::test]
async fn a_link_has_no_viewers_and_an_embed_s_token_is_of_its_embed_only() {
    let held = Held::start(json!({})).await;
    let link = held.app.link(&held.workspace, &crate::support::all_permissions()).await;
    let body = json!({
        "token": crate::support::link_token(&link), "viewerToken": held.key.token(&held.embed, &json!({})),
    });
    let answer = held.app.post("/v1/shared-inbox/sessions").json(&body).send().await;
    assert_eq!(answer.fields(422, "invalid_request"), ["viewerToken"]);
    // The same key may stand at another embed; a token is still good for the one that it names.
    let other = json!({ "scope_type": "project", "viewer_keys": [held.key.jwk()] });
    let other = create(&held.app, &held.workspace, &other).await.expect(201)["data"].clone();
    held.exchange(&held.key.token(&other, &json!({}))).await.problem(401, "invalid_viewer_token");
}

#[tokio::test]
async fn an_owner_sees_an_embed_s_sessions_and_ends_one() {
    let held = Held::start(json!({})).await;
    let app = &held.app;
    let path = format!("/platform/v1/inbox_embeds/{}/sessions", held.embed["id"].as_str().unwrap());
    let first = held.enter(json!({ "name": "Ana" })).await;
    let second = app.exchange(held.embed["token"].as_str().unwrap()).await.expect(201)["data"].clone();
    let listed = app.get(&path).key(&held.workspace.token).send().await.expect(200);
    assert_eq!(listed["meta"], json!({ "page": 1, "per_page": 20, "total_pages": 1, "total_count": 2 }));
    let sessions = listed["data"].as_array().unwrap();
    assert_eq!(sessions[1]["viewer"], json!({ "id": "user-42", "name": "Ana", "email": null }));
    assert_eq!(sessions[0]["viewer"], Value::Null);
    assert!(sessions.iter().all(|it| it["status"] == "active" && it["ended_at"] == Value::Null));
    let fields: Vec<_> = sessions[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["created_at", "ended_at", "expires_at", "id", "status", "viewer"]);
    assert!(!listed.to_string().contains("sis_"));
    let paged =
        app.get(&format!("{path}?page=2&per_page=1")).key(&held.workspace.token).send().await.expect(200);
    assert_eq!(paged["data"], json!([sessions[1]]));
    let one = format!("{path}/{}", sessions[1]["id"].as_str().unwrap());
    let stranger = app.workspace().await;
    app.get(&path).key(&stranger.token).send().await.problem(404, "not_found");
    app.call("DELETE", &one).key(&stranger.token).send().await.problem(404, "not_found");
    for _ in 0..2 {
        app.call("DELETE", &one).key(&held.workspace.token).send().await.expect(204);
    }
    held.listed(&first).await.problem(401, "session_ended");
    held.listed(&second).await.expect(200);
    let listed = app.get(&path).key(&held.workspace.token).send().await.expect(200);
    assert_eq!(listed["data"][1]["status"], "ended");
    let noted =
        "SELECT count(*) FROM audit_log WHERE action = 'shared_session.end' AND actor_type = 'apiKey'";
    assert_eq!(app.count(noted).await, 1, "ending it again is no write");
    for odd in ["page=0", "per_page=101"] {
        let answer = app.get(&format!("{path}?{odd}")).key(&held.workspace.token).send().await;
        answer.problem(400, "invalid_parameter");
    }
}
