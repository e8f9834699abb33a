//! Texts: accounts and their senders connected, webhooks by the signature over their address, and no reply window.

use common::crypto::signature::hmac_sha1;
use common::testing::Workspace;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::{Answer, TestApp};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "sandbox-auth-token";
const NUMBER: &str = "+15550000301";
const SERVICE: &str = "MG00000000000000000000000000000001";
const PATH: &str = "/channels/text/webhook";

fn connection(app: &TestApp) -> Value {
    json!({ "channel": "text", "externalId": ACCOUNT, "authToken": TOKEN, "apiUrl": app.provider })
}

async fn connected(app: &TestApp) -> Workspace {
    let workspace = app.workspace().await;
    app.post("/v1/connections").key(&workspace.token).json(&connection(app)).send().await.expect(201);
    workspace
}

async fn create(app: &TestApp, workspace: &Workspace, text: &Value) -> Answer {
    app.post("/v1/inboxes").key(&workspace.token).json(&json!({ "text": text })).send().await
}

/// A second account at the provider, with a number and a service.
async fn second_account(app: &TestApp) -> &'static str {
    let sid = "AC00000000000000000000000000000002";
    let account = json!({
        "accountSid": sid, "authToken": "second", "senderIds": ["ACME"],
        "messagingServices": ["MG00000000000000000000000000000002"],
        "phoneNumbers": [{ "sid": "PN00000000000000000000000000000002", "phoneNumber": "+18005550302" }],
    });
    app.provider("POST", "/control/text-accounts").json(&account).send().await.expect(201);
    sid
}

/// Posts a form as the provider does: signed over our address and the form.
async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)], token: &str) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let parameters: String = sorted.iter().map(|(name, value)| format!("{name}{value}")).collect();
    let signed = format!("{}{parameters}", app.url(path));
    let signature = hmac_sha1(token.as_bytes(), signed.as_bytes());
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
    let call = app.post(path).header("x-twilio-signature", &signature);
    call.form(body).send().await
}

fn message<'a>(sid: &'a str, body: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("MessageSid", sid),
        ("SmsStatus", "received"),
        ("AccountSid", ACCOUNT),
        ("From", "+15551234567"),
        ("To", NUMBER),
        ("Body", body),
        ("NumMedia", "0"),
    ]
}

#[tokio::test]
async fn an_account_is_connected_once_its_credentials_prove_access() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let post = |change: Value| {
        let mut body = connection(&app);
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        app.post("/v1/connections").key(&workspace.token).json(&body).send()
    };
    let refused = post(json!({ "authToken": "wrong" })).await;
    assert_eq!(refused.fields(422, "access_not_proven"), ["authToken"]);
    let key = "SK00000000000000000000000000000001";
    let refused = post(json!({ "apiKeySid": key, "apiKeySecret": "wrong" })).await;
    assert_eq!(refused.fields(422, "access_not_proven"), ["apiKeySecret"]);
    let cases: [(Value, u16, &str, &[&str]); 8] = [
        (json!({ "authToken": null }), 400, "required_field_missing", &["authToken"]),
        (json!({ "apiKeySid": key }), 400, "required_field_missing", &["apiKeySecret"]),
        (json!({ "apiKeySecret": "x" }), 400, "required_field_missing", &["apiKeySid"]),
        (json!({ "externalId": "123" }), 422, "invalid_request", &["externalId"]),
        (json!({ "accountSid": "AC1" }), 422, "invalid_request", &["accountSid"]),
        (
            json!({ "accessToken": "x", "verifyToken": "y" }),
            422,
            "unknown_field",
            &["accessToken", "verifyToken"],
        ),
        (json!({ "channel": "whatsapp" }), 422, "unknown_field", &["authToken"]),
        (json!({ "apiUrl": "https://elsewhere.example" }), 422, "api_url_not_allowed", &["apiUrl"]),
    ];
    for (change, status, code, fields) in cases {
        let answer = post(change.clone()).await;
        assert_eq!(answer.status, status, "{change}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{change}");
    }
    assert_eq!(app.count("SELECT count(*) FROM connections WHERE channel = 'text'").await, 0);
    let created =
        post(json!({ "accountSid": ACCOUNT, "apiKeySid": key, "apiKeySecret": "sandbox-api-secret" })).await;
    assert!(!created.text.contains("sandbox-"), "{}", created.text);
    let created = created.expect(201);
    assert_eq!((&created["channel"], &created["externalId"]), (&json!("text"), &json!(ACCOUNT)));
    post(json!({})).await.problem(409, "already_exists");
}

#[tokio::test]
async fn a_number_and_a_name_become_inboxes_that_send_at_their_kind_s_pace() {
    let app = TestApp::start().await;
    let workspace = connected(&app).await;
    let asked = json!({ "phoneNumbers": [NUMBER], "senderIds": ["SANDBOX"], "messagingServiceId": SERVICE });
    let created = create(&app, &workspace, &asked).await.expect(200);
    let (number, name) = (&created["inboxes"][0], &created["inboxes"][1]);
    assert_eq!((&number["channel"], &number["externalId"]), (&json!("text"), &json!(NUMBER)));
    assert_eq!(number["name"], "Sandbox text line");
    assert_eq!(number["config"], json!({ "phoneNumber": NUMBER, "messagingServiceId": SERVICE }));
    assert_eq!(name["externalId"], format!("{ACCOUNT}/SANDBOX"));
    assert_eq!(name["config"], json!({ "senderId": "SANDBOX", "messagingServiceId": SERVICE }));
    let path = format!("/v1/inboxes/{}", number["id"].as_str().unwrap());
    let mut found = app.get(&path).key(&workspace.token).send().await.expect(200);
    let mut part = |name: &str| found.as_object_mut().unwrap().remove(name).unwrap();
    let (capabilities, settings) = (part("capabilities"), part("settings"));
    assert_eq!(&found, number);
    assert_eq!(settings["messagesPerSecond"], 1);
    assert_eq!(capabilities["text"], json!({ "maxLength": 1600, "unit": "characters" }));
    let paces = "SELECT sum(pace) FROM inboxes WHERE channel = 'text'";
    assert_eq!(app.count(paces).await, 1 + 10);
    assert_eq!(
        app.count("SELECT count(*) FROM phone_numbers WHERE display_phone_number LIKE '+1555%301'").await,
        1
    );
    assert_eq!(app.count("SELECT count(*) FROM audit_log WHERE action = 'inbox.create'").await, 2);
    let again = create(&app, &workspace, &json!({ "phoneNumbers": [NUMBER] })).await;
    again.problem(409, "already_connected");
    let theirs = connected(&app).await;
    create(&app, &theirs, &json!({ "phoneNumbers": [NUMBER] })).await.problem(409, "already_connected");
}

#[tokio::test]
async fn senders_that_no_account_has_are_refused_by_place() {
    let app = TestApp::start().await;
    let stranger = app.workspace().await;
    let unconnected = create(&app, &stranger, &json!({ "phoneNumbers": [NUMBER] })).await;
    assert_eq!(unconnected.fields(422, "no_connection"), ["text.phoneNumbers"]);
    let workspace = connected(&app).await;
    let cases: [(Value, u16, &str, &[&str]); 8] = [
        (json!({}), 422, "invalid_request", &["text.phoneNumbers"]),
        (json!({ "phoneNumbers": ["15550000301"] }), 422, "invalid_request", &["text.phoneNumbers[0]"]),
        (json!({ "phoneNumbers": [NUMBER, NUMBER] }), 422, "invalid_request", &["text.phoneNumbers[1]"]),
        (json!({ "senderIds": ["+15550000301"] }), 422, "invalid_request", &["text.senderIds[0]"]),
        (json!({ "senderIds": ["TwelveLetter"] }), 422, "invalid_request", &["text.senderIds[0]"]),
        (
            json!({ "senderIds": ["A"], "messagingServiceId": "x" }),
            422,
            "invalid_request",
            &["text.messagingServiceId"],
        ),
        (
            json!({ "phoneNumbers": [NUMBER, "+15550000999"] }),
            422,
            "not_in_account",
            &["text.phoneNumbers[1]"],
        ),
        (
            json!({ "senderIds": ["A"], "messagingServiceId": "MG00000000000000000000000000000009" }),
            422,
            "not_in_account",
            &["text.messagingServiceId"],
        ),
    ];
    for (asked, status, code, fields) in cases {
        let answer = create(&app, &workspace, &asked).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.text);
        assert_eq!(answer.fields(status, code), fields, "{asked}");
    }
    assert_eq!(app.count("SELECT count(*) FROM inboxes WHERE channel = 'text'").await, 0);
    // Of two accounts, only a service tells whose a name is.
    let second = second_account(&app).await;
    let body =
        json!({ "channel": "text", "externalId": second, "authToken": "second", "apiUrl": app.provider });
    app.post("/v1/connections").key(&workspace.token).json(&body).send().await.expect(201);
    let ambiguous = create(&app, &workspace, &json!({ "senderIds": ["ACME"] })).await;
    assert_eq!(ambiguous.fields(422, "no_connection"), ["text.senderIds"]);
    let service = "MG00000000000000000000000000000002";
    let named =
        create(&app, &workspace, &json!({ "senderIds": ["ACME"], "messagingServiceId": service })).await;
    assert_eq!(named.expect(200)["inboxes"][0]["externalId"], format!("{second}/ACME"));
    let numbers = json!({ "phoneNumbers": ["+18005550302", NUMBER] });
    let created = create(&app, &workspace, &numbers).await.expect(200);
    assert_eq!(created["inboxes"][0]["externalId"], "+18005550302");
    assert_eq!(app.count("SELECT pace::bigint FROM inboxes WHERE external_id = '+18005550302'").await, 3);
}

#[tokio::test]
async fn only_what_the_account_signs_over_our_address_is_taken_in() {
    let app = TestApp::start().await;
    let workspace = connected(&app).await;
    create(&app, &workspace, &json!({ "phoneNumbers": [NUMBER] })).await.expect(200);
    let hello = message("SM1", "Hello");
    assert_eq!(app.post(PATH).form("MessageSid=SM1".to_owned()).send().await.status, 401);
    assert_eq!(post(&app, PATH, &hello, "another-token").await.status, 401);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 0);
    let taken = post(&app, PATH, &hello, TOKEN).await;
    assert_eq!((taken.status, taken.header("content-type")), (200, "text/xml"));
    assert_eq!(taken.text, r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#);
    assert_eq!(post(&app, PATH, &hello, TOKEN).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 1, "the same text once");
    assert_eq!(post(&app, PATH, &message("SM2", "STOP"), TOKEN).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM channel_events").await, 3, "a text, a text and its wish");
    let status = |word: &'static str| {
        [
            ("MessageSid", "SM3"),
            ("MessageStatus", word),
            ("From", NUMBER),
            ("To", "+15551234567"),
            ("AccountSid", ACCOUNT),
        ]
    };
    let path = format!("{PATH}?attempt=018f0000-0000-7000-8000-000000000000&sender=%2B15550000301");
    assert_eq!(post(&app, &path, &status("sent"), TOKEN).await.status, 200);
    assert_eq!(post(&app, &path, &status("delivered"), TOKEN).await.status, 200);
    assert_eq!(post(&app, &path, &status("delivered"), TOKEN).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM channel_events WHERE kind = 'status'").await, 2);
    let kept =
        app.count("SELECT count(*) FROM channel_events WHERE payload ->> 'attempt' LIKE '018f%'").await;
    assert_eq!(kept, 2);
    // Signed for another address, and another's number.
    let elsewhere = form_urlencoded::Serializer::new(String::new()).extend_pairs(&hello).finish();
    let signed = hmac_sha1(TOKEN.as_bytes(), app.url(PATH).as_bytes());
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signed);
    let call = app.post(&path).header("x-twilio-signature", &signature).form(elsewhere);
    assert_eq!(call.send().await.status, 401);
    let mut other = message("SM4", "Hello");
    other[4] = ("To", "+15550000999");
    assert_eq!(post(&app, PATH, &other, TOKEN).await.status, 401);
    // About the account: kept whole.
    assert_eq!(post(&app, PATH, &[("AccountSid", ACCOUNT), ("EventType", "x")], TOKEN).await.status, 200);
    assert_eq!(app.count("SELECT count(*) FROM unparsed_webhooks").await, 1);
    app.get(PATH).send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_text_goes_to_who_never_wrote_and_what_cannot_be_texted_is_refused() {
    let app = TestApp::start().await;
    let workspace = connected(&app).await;
    let created = create(&app, &workspace, &json!({ "phoneNumbers": [NUMBER] })).await.expect(200);
    let inbox = created["inboxes"][0]["id"].clone();
    let start = |to: &str, content: Value| {
        let recipient = json!({ "type": "channel", "externalId": to });
        let body = json!({ "inboxId": inbox, "recipient": recipient, "content": content });
        app.post("/v1/messages").key(&workspace.token).json(&body).send()
    };
    let text = |text: &str| json!({ "type": "text", "text": text });
    let message = start("+1 (555) 123-4567", text("Hello")).await.expect(202);
    let path = format!("/v1/conversations/{}", message["conversationId"].as_str().unwrap());
    let conversation = app.get(&path).key(&workspace.token).send().await.expect(200);
    assert_eq!(conversation["messagingWindow"], json!({ "state": "OPEN", "expiresAt": null }));
    assert_eq!(conversation["canSend"], json!(["text", "image", "video", "audio", "document"]));
    assert_eq!(conversation["contact"]["address"], "15551234567");
    let long = start("+15551234567", text(&"x".repeat(1601))).await;
    assert_eq!(long.fields(422, "invalid_request"), ["content.text"]);
    let place = start("+15551234567", json!({ "type": "location", "latitude": 1.0, "longitude": 2.0 })).await;
    assert_eq!(place.fields(422, "invalid_request"), ["content.type"]);
    start("ACME", text("hi")).await.problem(422, "invalid_request");
}

#[tokio::test]
async fn a_connection_s_secrets_change_once_the_provider_takes_the_new_ones() {
    let app = TestApp::start().await;
    let workspace = app.workspace().await;
    let created = app.post("/v1/connections").key(&workspace.token).json(&connection(&app)).send().await;
    let path = format!("/v1/connections/{}", created.expect(201)["id"].as_str().unwrap());
    let patch = |body: Value| app.call("PATCH", &path).key(&workspace.token).json(&body).send();
    patch(json!({ "authToken": "another" })).await.problem(422, "access_not_proven");
    patch(json!({ "authToken": TOKEN })).await.expect(200);
    let missing = patch(json!({ "apiKeySid": "SK00000000000000000000000000000001" })).await;
    assert_eq!(missing.fields(400, "required_field_missing"), ["apiKeySecret"]);
    let other = patch(json!({ "accessToken": "a-token" })).await;
    assert_eq!(other.fields(422, "unknown_field"), ["accessToken"]);
    patch(json!({ "apiKeySid": null, "apiKeySecret": null })).await.expect(200);
    create(&app, &workspace, &json!({ "phoneNumbers": [NUMBER] })).await.expect(200);
}
