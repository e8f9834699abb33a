//! RCS: what is sent, under which id and with which token, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::channels::rcs::service_account::ServiceAccount;
use common::channels::{
    Action, Channel, Outgoing, ReadMark, SendOutcome, Sender, Tokens, check, content_types, locate_file,
    mark_read, normal_address, open_file, passes_closed_window, probe, send,
};
use common::config::{AllowedUrls, Secret};
use common::domain::content::Content;
use common::problem::WindowState;
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{Answer, Provider, answer, client};

pub const AGENT: &str = "acme_support";
const KEY: &str = include_str!("../../src/channels/rcs/testdata/key.pem");
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn service_account(token_address: &str) -> String {
    json!({
        "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": KEY,
        "client_email": "rbm@p.iam.gserviceaccount.com", "token_uri": token_address,
    })
    .to_string()
}

fn token(text: &str, seconds: u64) -> Answer {
    answer(
        "200 OK",
        "",
        &json!({ "access_token": text, "expires_in": seconds, "token_type": "Bearer" }).to_string(),
    )
}

/// A provider, and the place that gives tokens for it.
struct Rcs {
    provider: Provider,
    tokens: Provider,
    sender: Sender,
}

impl Rcs {
    async fn start(answers: Vec<Answer>) -> Self {
        Self::with(answers, vec![token("ya29.first", 3599), token("ya29.second", 3599)]).await
    }

    async fn with(answers: Vec<Answer>, given: Vec<Answer>) -> Self {
        let (provider, tokens) = (Provider::start(answers).await, Provider::start(given).await);
        let sender = Sender {
            external_id: AGENT.into(),
            account: AGENT.into(),
            service: None,
            base_url: format!("http://{}", provider.address).parse().unwrap(),
            access_token: Secret::new(service_account(&format!("http://{}/token", tokens.address))),
            tokens: Tokens::default(),
            user: None,
            webhook_url: "https://inbox.example/channels/rcs/webhook".into(),
        };
        Self { provider, tokens, sender }
    }

    async fn send(&self, content: &Content) -> SendOutcome {
        let correlation = Uuid::parse_str(ID).unwrap();
        let message = Outgoing { to: "15551234567", content, reply_to: Some("x"), correlation };
        send(Channel::Rcs, &client(), &self.sender, &message).await
    }
}

fn taken() -> Answer {
    let name = format!("phones/+15551234567/agentMessages/{ID}");
    answer("200 OK", "", &json!({ "name": name, "sendTime": "2026-11-21T04:00:00Z" }).to_string())
}

fn refusal(status: &str, word: &str) -> Answer {
    let body = json!({ "error": { "code": 1, "message": "No", "status": word } });
    answer(status, "", &body.to_string())
}

fn content(content: Value) -> Content {
    serde_json::from_value(content).unwrap()
}

fn interactive(interactive: Value) -> Value {
    json!({ "type": "interactive", "interactive": interactive })
}

async fn sent(given: Value) -> Value {
    let rcs = Rcs::start(vec![taken()]).await;
    let outcome = rcs.send(&content(given)).await;
    assert!(matches!(&outcome, SendOutcome::Accepted { provider_id } if provider_id == ID), "{outcome:?}");
    let request = rcs.provider.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line =
        format!("POST /v1/phones/+15551234567/agentMessages?agentId={AGENT}&messageId={ID} HTTP/1.1\r\n");
    assert!(head.starts_with(&line), "{head}");
    assert!(head.contains("authorization: Bearer ya29.first"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["messageTrafficType"], "SERVICEREQUEST");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    body["contentMessage"].clone()
}

#[tokio::test]
async fn each_content_is_written_as_the_provider_wants_it() {
    let link = "https://files.example.com/a";
    let info = json!({ "fileUrl": link, "forceRefresh": false });
    let card = |card: Value| json!({ "richCard": { "standaloneCard": { "cardOrientation": "VERTICAL", "cardContent": card } } });
    let media = json!({ "height": "MEDIUM", "contentInfo": info });
    let reply = |id: &str, title: &str| json!({ "reply": { "text": title, "postbackData": id } });
    let cases = [
        (json!({ "type": "text", "text": "שלום & more" }), json!({ "text": "שלום & more" })),
        (json!({ "type": "image", "url": link }), json!({ "contentInfo": info })),
        (json!({ "type": "audio", "url": link }), json!({ "contentInfo": info })),
        (json!({ "type": "document", "url": link, "filename": "a.pdf" }), json!({ "contentInfo": info })),
        (
            json!({ "type": "video", "url": link, "caption": "Look" }),
            card(json!({ "description": "Look", "media": media })),
        ),
        (
            json!({ "type": "location", "latitude": 52.5, "longitude": 13.25, "name": "Gate", "address": "1 High St" }),
            json!({ "text": "Gate\n1 High St", "suggestions": [{ "action": {
                "text": "📍", "postbackData": "location",
                "viewLocationAction": { "latLong": { "latitude": 52.5, "longitude": 13.25 }, "label": "Gate" },
            } }] }),
        ),
        (
            json!({ "type": "location", "latitude": 52.5, "longitude": 13.25 }),
            json!({ "text": "52.5, 13.25", "suggestions": [{ "action": {
                "text": "📍", "postbackData": "location",
                "viewLocationAction": { "latLong": { "latitude": 52.5, "longitude": 13.25 } },
            } }] }),
        ),
        (
            interactive(
                json!({ "type": "buttons", "header": { "type": "text", "text": "H" }, "body": "B", "footer": "F",
                "buttons": [{ "id": "1", "title": "One" }, { "id": "2", "title": "Two" }] }),
            ),
            json!({ "text": "H\n\nB\n\nF", "suggestions": [reply("1", "One"), reply("2", "Two")] }),
        ),
        (
            interactive(json!({ "type": "buttons", "header": { "type": "image", "url": link }, "body": "B",
                "buttons": [{ "id": "1", "title": "One" }] })),
            card(json!({ "description": "B", "media": media, "suggestions": [reply("1", "One")] })),
        ),
        (
            interactive(json!({ "type": "ctaUrl", "body": "B", "button": "Open", "url": link })),
            json!({ "text": "B", "suggestions": [{ "action": {
                "text": "Open", "postbackData": link, "openUrlAction": { "url": link } } }] }),
        ),
        (
            interactive(json!({ "type": "list", "body": "B", "button": "b", "sections": [
                { "rows": [{ "id": "1", "title": "One" }, { "id": "2", "title": "Two" }] }] })),
            json!({ "text": "B", "suggestions": [reply("1", "One"), reply("2", "Two")] }),
        ),
        (
            interactive(json!({ "type": "list", "body": "B", "button": "b", "sections": [
                { "rows": [{ "id": "1", "title": "One", "description": "first" }, { "id": "2", "title": "Two" }] }] })),
            json!({ "richCard": { "carouselCard": { "cardWidth": "MEDIUM", "cardContents": [
                { "description": "B" },
                { "title": "One", "description": "first", "suggestions": [reply("1", "One")] },
                { "title": "Two", "suggestions": [reply("2", "Two")] },
            ] } } }),
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(check(Channel::Rcs, &content(given.clone())), Ok(()), "{given}");
        assert_eq!(sent(given.clone()).await, expected, "{given}");
    }
}

#[tokio::test]
async fn an_id_that_was_seen_is_taken_and_what_may_have_been_taken_is_uncertain() {
    let cases = [
        (refusal("409 Conflict", "ALREADY_EXISTS"), Ok(true)),
        (Answer::Hang, Ok(false)),
        (Answer::Cut, Ok(false)),
        (answer("200 OK", "", "{}"), Ok(false)),
        (answer("502 Bad Gateway", "", "<html>"), Ok(false)),
        (refusal("404 Not Found", "NOT_FOUND"), Err((Action::Recipient, "recipient_not_on_rcs"))),
        (refusal("400 Bad Request", "INVALID_ARGUMENT"), Err((Action::Content, "provider_refused"))),
        (refusal("403 Forbidden", "PERMISSION_DENIED"), Err((Action::Account, "agent_not_allowed"))),
        (refusal("503 Service Unavailable", "UNAVAILABLE"), Err((Action::Transient, "provider_error"))),
        (
            refusal("429 Too Many Requests", "RESOURCE_EXHAUSTED"),
            Err((Action::ThrottleSender, "rate_limited")),
        ),
    ];
    for (answer, expected) in cases {
        let rcs = Rcs::start(vec![answer]).await;
        let outcome = rcs.send(&Content::text("hi")).await;
        assert!(!format!("{outcome:?} {:?}", rcs.sender).contains("PRIVATE KEY"));
        match (outcome, expected) {
            (SendOutcome::Accepted { provider_id }, Ok(true)) => assert_eq!(provider_id, ID),
            (SendOutcome::Uncertain { .. }, Ok(false)) => (),
            (SendOutcome::Refused(error), Err(expected)) => assert_eq!((error.action, error.code), expected),
            (outcome, expected) => panic!("{outcome:?} {expected:?}"),
        }
    }
    let rcs = Rcs::start(vec![Answer::Cut]).await;
    let outcome = rcs.send(&content(json!({ "type": "sticker", "url": "https://x.example" }))).await;
    assert!(matches!(outcome, SendOutcome::Refused(error) if error.code == "unsupported_content"));
    assert!(rcs.provider.requests().is_empty() && rcs.tokens.requests().is_empty());
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_is_not_taken() {
    let refused = refusal("401 Unauthorized", "UNAUTHENTICATED");
    let rcs = Arc::new(Rcs::start(vec![taken(), taken(), taken(), refused, taken()]).await);
    let sends = (0..3).map(|_| {
        let rcs = rcs.clone();
        tokio::spawn(async move { rcs.send(&Content::text("hi")).await })
    });
    for sent in sends.collect::<Vec<_>>() {
        assert!(matches!(sent.await.unwrap(), SendOutcome::Accepted { .. }));
    }
    assert_eq!(rcs.tokens.requests().len(), 1);
    let asked = rcs.tokens.requests().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /token HTTP/1.1") && head.contains("application/x-www-form-urlencoded"),
        "{head}"
    );
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(form[0], ("grant_type".into(), "urn:ietf:params:oauth:grant-type:jwt-bearer".into()));
    let parts: Vec<&str> = form[1].1.split('.').collect();
    let part =
        |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
    assert_eq!(part(parts[0]), json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
    let claims = part(parts[1]);
    assert_eq!(claims["iss"], "rbm@p.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], format!("http://{}/token", rcs.tokens.address));
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/rcsbusinessmessaging");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    let SendOutcome::Refused(error) = rcs.send(&Content::text("hi")).await else { panic!("refused") };
    assert_eq!(error.action, Action::Auth);
    assert!(matches!(rcs.send(&Content::text("hi")).await, SendOutcome::Accepted { .. }));
    let bearers = rcs.provider.requests();
    assert!(
        bearers[3].contains("Bearer ya29.first") && bearers[4].contains("Bearer ya29.second"),
        "{bearers:?}"
    );
    assert_eq!(rcs.tokens.requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_not_used_again() {
    let short = vec![token("ya29.first", 61), token("ya29.second", 3599)];
    let rcs = Rcs::with(vec![taken()], short).await;
    rcs.send(&Content::text("hi")).await;
    let second = async {
        while !rcs.provider.requests().pop().unwrap().contains("ya29.second") {
            tokio::time::sleep(Duration::from_millis(50)).await;
            rcs.send(&Content::text("hi")).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), second).await.unwrap();
    assert_eq!(rcs.tokens.requests().len(), 2);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_reason_is_classified() {
    let told = r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
    for (answer, action, code) in [
        (answer("400 Bad Request", "", told), Action::Auth, "token_expired"),
        (answer("401 Unauthorized", "", ""), Action::Auth, "token_expired"),
        (answer("429 Too Many Requests", "", ""), Action::ThrottleSender, "rate_limited"),
        (answer("503 Service Unavailable", "", ""), Action::Transient, "provider_error"),
        (answer("200 OK", "", "{}"), Action::Transient, "answer_unreadable"),
        (Answer::Cut, Action::Transient, "provider_unreachable"),
        (Answer::Hang, Action::Transient, "provider_unreachable"),
    ] {
        let rcs = Rcs::with(vec![taken()], vec![answer]).await;
        let SendOutcome::Refused(error) = rcs.send(&Content::text("hi")).await else { panic!("{code}") };
        assert_eq!((error.action, error.code), (action, code), "{error:?}");
        assert!(rcs.provider.requests().is_empty());
    }
}

#[test]
fn a_service_account_says_what_is_wrong_with_it() {
    let whole: Value = serde_json::from_str(&service_account("http://127.0.0.1/token")).unwrap();
    let with = |field: &str, value: Value| {
        let mut changed = whole.clone();
        changed[field] = value;
        ServiceAccount::read(&changed.to_string()).map(|_| ()).map_err(|wrong| wrong.field)
    };
    assert_eq!(with("project_id", json!("other")), Ok(()));
    assert_eq!(with("private_key_id", Value::Null), Ok(()));
    for (field, value) in [
        ("type", json!("authorized_user")),
        ("client_email", json!("nobody")),
        ("client_email", Value::Null),
        ("private_key", json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")),
        ("private_key", Value::Null),
        ("token_uri", json!("file:///etc/passwd")),
        ("token_uri", json!("nowhere")),
    ] {
        assert_eq!(with(field, value.clone()), Err(field), "{value}");
    }
    assert_eq!(ServiceAccount::read("[]").map(|_| ()).unwrap_err().field, "");
    let read = ServiceAccount::read(&whole.to_string()).unwrap();
    assert!(!format!("{read:?}").contains("PRIVATE"));
    let again = ServiceAccount::read(&read.essence()).unwrap();
    assert_eq!((again.email, again.token_uri), (read.email, read.token_uri));
}

#[tokio::test]
async fn a_message_is_marked_as_read_under_our_own_id_of_it() {
    let rcs = Rcs::start(vec![answer("200 OK", "", "{}"), refusal("404 Not Found", "NOT_FOUND")]).await;
    let mark =
        ReadMark { contact: "15551234567", provider_message_id: "Mx1", id: Uuid::parse_str(ID).unwrap() };
    mark_read(Channel::Rcs, &client(), &rcs.sender, &mark).await.unwrap();
    let request = rcs.provider.requests().remove(0);
    let line = format!("POST /v1/phones/+15551234567/agentEvents?agentId={AGENT}&eventId={ID} HTTP/1.1\r\n");
    assert!(request.starts_with(&line), "{request}");
    assert!(request.ends_with(r#"{"eventType":"READ","messageId":"Mx1"}"#), "{request}");
    let error = mark_read(Channel::Rcs, &client(), &rcs.sender, &mark).await.unwrap_err();
    assert_eq!(error.action, Action::Recipient);
}

#[tokio::test]
async fn a_probe_asks_whether_the_agent_may_be_used() {
    for (answer, found) in [
        (answer("200 OK", "", r#"{"features":["RICHCARD_STANDALONE"]}"#), Ok(())),
        // RCS does not reach the number that is asked about; the agent is ours all the same.
        (refusal("404 Not Found", "NOT_FOUND"), Ok(())),
        (refusal("403 Forbidden", "PERMISSION_DENIED"), Err("agent_not_allowed")),
        (refusal("401 Unauthorized", "UNAUTHENTICATED"), Err("token_expired")),
        (answer("404 Not Found", "", "<html>"), Err("provider_address")),
        (Answer::Hang, Err("provider_unreachable")),
    ] {
        let rcs = Rcs::start(vec![answer]).await;
        let probed = probe(Channel::Rcs, &client(), &rcs.sender).await;
        assert_eq!(probed.map_err(|error| error.code), found);
        let request = rcs.provider.requests().remove(0);
        assert!(
            request.starts_with("GET /v1/phones/+12025550123/capabilities?agentId=acme_support&requestId=")
        );
    }
}

#[test]
fn what_rcs_does_not_take_is_refused_by_field() {
    let fields = |given: Value| -> Vec<String> {
        let refused = check(Channel::Rcs, &content(given)).err().unwrap_or_default();
        refused.into_iter().map(|error| error.field).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(fields(json!({ "type": "text", "text": "é".repeat(3072) })), none);
    assert_eq!(fields(json!({ "type": "text", "text": "é".repeat(3073) })), ["content.text"]);
    let upload = |kind: &str, mime_type: &str, size: u64| json!({ "type": kind, "mediaId": "med_1", "mimeType": mime_type, "size": size });
    assert_eq!(fields(upload("image", "image/png", 100 << 20)), none);
    assert_eq!(fields(upload("image", "image/png", (100 << 20) + 1)), ["content.mediaId"]);
    assert_eq!(fields(upload("image", "image/webp", 1)), ["content.mediaId"]);
    assert_eq!(fields(upload("document", "text/plain", 1)), ["content.mediaId"]);
    let link = "https://x.example/a";
    assert_eq!(fields(json!({ "type": "audio", "url": link, "caption": "a" })), ["content.caption"]);
    assert_eq!(fields(json!({ "type": "sticker", "url": link })), ["content.type"]);
    assert_eq!(fields(json!({ "type": "location", "latitude": 91, "longitude": 0 })), ["content.latitude"]);
    let at = |field: &str| format!("content.interactive.{field}");
    let buttons = |number: usize, header: Value| {
        let buttons: Vec<Value> =
            (0..number).map(|n| json!({ "id": n.to_string(), "title": format!("Button {n}") })).collect();
        interactive(json!({ "type": "buttons", "header": header, "body": "b", "buttons": buttons }))
    };
    let image = json!({ "type": "image", "url": link });
    assert_eq!(fields(buttons(11, Value::Null)), none);
    assert_eq!(fields(buttons(12, Value::Null)), [at("buttons")]);
    assert_eq!(fields(buttons(4, image.clone())), none);
    assert_eq!(fields(buttons(5, image)), [at("buttons")]);
    assert_eq!(fields(buttons(1, json!({ "type": "document", "url": link }))), [at("header.type")]);
    let rows = |number: usize, title: Value| {
        let rows: Vec<Value> =
            (0..number).map(|n| json!({ "id": n.to_string(), "title": format!("Row {n}") })).collect();
        interactive(
            json!({ "type": "list", "body": "b", "button": "b", "sections": [{ "title": title, "rows": rows }] }),
        )
    };
    assert_eq!(fields(rows(9, Value::Null)), none);
    assert_eq!(fields(rows(10, Value::Null)), [at("sections")]);
    assert_eq!(fields(rows(1, json!("More"))), [at("sections[0].title")]);
    let flow = interactive(json!({ "type": "flow", "body": "b", "button": "b", "flowId": "1" }));
    assert_eq!(fields(flow), [at("type")]);
}

#[test]
fn there_is_no_reply_window() {
    let closed = content_types(Channel::Rcs, WindowState::Closed);
    assert_eq!(closed, ["text", "image", "video", "audio", "document", "location", "interactive"]);
    assert!(passes_closed_window(Channel::Rcs, &Content::text("hi")));
    assert_eq!(normal_address(Channel::Rcs, "+1 (555) 123-4567").as_deref(), Some("15551234567"));
}

#[tokio::test]
async fn a_file_is_fetched_without_our_token_and_from_the_provider_s_places_only() {
    let rcs = Rcs::start(vec![answer("200 OK", "", "bytes"), answer("403 Forbidden", "", "<Error>")]).await;
    let (http, none) = (client(), AllowedUrls::default());
    let id = format!("http://{}/rcs-files/1", rcs.provider.address);
    let file = locate_file(Channel::Rcs, &http, &rcs.sender, &none, &id).await.unwrap();
    let response = open_file(Channel::Rcs, &http, &rcs.sender, &none, &file).await.unwrap();
    assert_eq!(response.bytes().await.unwrap().as_ref(), b"bytes");
    assert!(!rcs.provider.requests()[0].contains("authorization"));
    let gone = open_file(Channel::Rcs, &http, &rcs.sender, &none, &file).await.unwrap_err();
    assert_eq!((gone.action, gone.code), (Action::Content, "not_found"));
    for (url, code) in [
        ("https://rcs-user-content.storage.googleapis.com/a", None),
        ("https://evilgoogleapis.com/a", Some("address_not_allowed")),
        ("http://169.254.169.254/latest", Some("address_not_allowed")),
        ("nowhere", Some("address_not_allowed")),
    ] {
        let located = locate_file(Channel::Rcs, &http, &rcs.sender, &none, url).await;
        assert_eq!(located.err().map(|error| error.code), code, "{url}");
    }
}
