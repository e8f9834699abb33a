//! Messenger and Instagram: the provider's checks and errors, its window, and what it tells in which order.

use sandbox::{Behaviour, Settings, signature};
use serde_json::{Value, json};

use crate::support::{Answer, DEADLINE, Delivery, Receiver, Sandbox, boot_with, calm};

const PAGE: (&str, &str) = ("500000000000001", "sandbox-page-token");
const ACCOUNT: (&str, &str) = ("600000000000001", "sandbox-instagram-token");
const CONTACT: &str = "6500000000000001";

async fn boot(behaviour: Behaviour) -> (Sandbox, Receiver) {
    let receiver = Receiver::start().await;
    let url = Some(receiver.url.clone());
    let settings = Settings {
        messenger_webhook_url: url.clone(),
        instagram_webhook_url: url,
        behaviour,
        ..Settings::default()
    };
    let sandbox = boot_with(settings).await;
    for (id, fields) in [
        (PAGE, "messages,message_echoes,message_deliveries,message_reads"),
        (ACCOUNT, "messages,messaging_seen"),
    ] {
        let (status, body) = call(
            &sandbox,
            id.1,
            ("POST", "me/subscribed_apps"),
            Some(&json!({ "subscribed_fields": fields })),
        )
        .await;
        assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    }
    (sandbox, receiver)
}

async fn call(sandbox: &Sandbox, token: &str, (method, path): (&str, &str), body: Option<&Value>) -> Answer {
    let mut request = sandbox
        .client
        .request(method.parse().unwrap(), sandbox.url(&format!("/v24.0/{path}")))
        .bearer_auth(token);
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

async fn send(sandbox: &Sandbox, (id, token): (&str, &str), body: &Value) -> Answer {
    let mut whole = json!({ "recipient": { "id": CONTACT }, "messaging_type": "RESPONSE" });
    for (name, value) in body.as_object().unwrap() {
        whole[name] = value.clone();
    }
    call(sandbox, token, ("POST", &format!("{id}/messages")), Some(&whole)).await
}

async fn speak(sandbox: &Sandbox, channel: &str, to: &str, kind: &str, object: Value) -> String {
    let body = json!({ "channel": channel, "to": to, "type": kind, kind: object });
    let (status, answer) =
        sandbox.control("POST", &format!("/contacts/{CONTACT}/messages"), Some(&body)).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

fn code(answer: &Answer) -> (u64, u64) {
    let error = &answer.1["error"];
    (error["code"].as_u64().unwrap_or_default(), error["error_subcode"].as_u64().unwrap_or_default())
}

/// What is told beside who, to whom and when, in order; each signed.
fn told(deliveries: &[Delivery]) -> Vec<Value> {
    let element = |delivery: &Delivery| {
        assert_eq!(delivery.headers["x-hub-signature-256"], signature("sandbox-app-secret", &delivery.body));
        assert!(delivery.body.is_ascii());
        let mut element = delivery.json()["entry"][0]["messaging"][0].clone();
        for name in ["sender", "recipient", "timestamp"] {
            assert!(!element[name].is_null(), "{element}");
            element.as_object_mut().unwrap().remove(name);
        }
        element
    };
    deliveries.iter().map(element).collect()
}

async fn until(receiver: &Receiver, count: usize) -> Vec<Value> {
    let deliveries = receiver.wait("webhooks", |all| (all.len() >= count).then(|| all.to_vec())).await;
    told(&deliveries)
}

#[tokio::test]
async fn a_message_is_echoed_delivered_and_read_in_order() {
    let (sandbox, receiver) = boot(Behaviour { read: true, ..calm() }).await;
    speak(&sandbox, "messenger", PAGE.0, "text", json!({ "body": "שלום" })).await;
    let (status, answer) =
        send(&sandbox, PAGE, &json!({ "message": { "text": "hi", "metadata": "ours" } })).await;
    assert_eq!((status, &answer["recipient_id"]), (200, &json!(CONTACT)), "{answer}");
    let mid = &answer["message_id"];
    let told = until(&receiver, 4).await;
    assert_eq!(told[0]["message"]["text"], "שלום");
    assert_eq!(
        told[1],
        json!({ "message": { "mid": mid, "text": "hi", "is_echo": true, "app_id": 300_000_000_000_001_u64, "metadata": "ours" } })
    );
    assert_eq!(told[2]["delivery"]["mids"], json!([mid]));
    assert!(told[3]["read"]["watermark"].as_i64() >= told[2]["delivery"]["watermark"].as_i64());
    let ledger = sandbox.ledger().await;
    assert_eq!(
        (&ledger[0]["channel"], &ledger[0]["sender"], &ledger[0]["correlation"]),
        (&json!("messenger"), &json!(PAGE.0), &json!("ours"))
    );
}

#[tokio::test]
async fn instagram_echoes_without_a_word_of_ours_and_tells_nothing_of_delivery() {
    let (sandbox, receiver) = boot(Behaviour { read: true, ..calm() }).await;
    let first =
        speak(&sandbox, "instagram", ACCOUNT.0, "story_mention", json!({ "url": "https://x.example/s" }))
            .await;
    let (status, answer) = send(
        &sandbox,
        ("me", ACCOUNT.1),
        &json!({ "message": { "text": "hi" }, "reply_to": { "mid": first } }),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let told = until(&receiver, 3).await;
    assert_eq!(told[0]["message"]["attachments"][0]["type"], "story_mention");
    assert_eq!(told[1]["message"]["is_echo"], true);
    assert_eq!(told[2], json!({ "read": { "mid": answer["message_id"] } }));
    let refused =
        send(&sandbox, ("me", ACCOUNT.1), &json!({ "message": { "text": "hi", "metadata": "x" } })).await;
    assert_eq!((refused.0, code(&refused)), (400, (100, 0)));
}

type Case = ((&'static str, &'static str), Value, u16);

fn cases() -> Vec<Case> {
    let text = |text: String| json!({ "message": { "text": text } });
    let template =
        |payload: Value| json!({ "message": { "attachment": { "type": "template", "payload": payload } } });
    vec![
        (PAGE, text("é".repeat(2000)), 200),
        (PAGE, text("é".repeat(2001)), 400),
        (ACCOUNT, text("é".repeat(500)), 200),
        (ACCOUNT, text("é".repeat(501)), 400),
        (
            PAGE,
            json!({ "message": { "text": "a", "attachment": { "type": "image", "payload": { "url": "https://x.example" } } } }),
            400,
        ),
        (PAGE, json!({ "message": { "text": "a" }, "messaging_type": null }), 400),
        (
            PAGE,
            json!({ "message": { "text": "a" }, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE" }),
            400,
        ),
        (
            PAGE,
            json!({ "message": { "text": "a" }, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT" }),
            200,
        ),
        (PAGE, json!({ "message": { "text": "a" }, "hologram": 1 }), 400),
        (PAGE, json!({ "message": { "text": "a" }, "reply_to": { "mid": "m_none" } }), 400),
        (
            PAGE,
            json!({ "message": { "attachment": { "type": "image", "payload": { "url": "nowhere" } } } }),
            400,
        ),
        (PAGE, template(json!({ "template_type": "button", "text": "a", "buttons": [] })), 400),
        (
            PAGE,
            template(
                json!({ "template_type": "button", "text": "a", "buttons": [{ "type": "postback", "title": "t", "payload": "p" }] }),
            ),
            200,
        ),
        (
            PAGE,
            json!({ "message": { "text": "a", "quick_replies": [{ "content_type": "text", "title": "t".repeat(21), "payload": "p" }] } }),
            400,
        ),
        (
            PAGE,
            json!({ "sender_action": "mark_seen", "messaging_type": null, "recipient": { "id": CONTACT } }),
            200,
        ),
        (
            PAGE,
            json!({ "sender_action": "react", "payload": { "message_id": "m_none", "reaction": "love" } }),
            400,
        ),
    ]
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_refused() {
    let (sandbox, _receiver) = boot(Behaviour { window: true, ..calm() }).await;
    let stranger = send(&sandbox, PAGE, &json!({ "message": { "text": "hi" } })).await;
    assert_eq!(code(&stranger), (100, 2_018_001));
    speak(&sandbox, "messenger", PAGE.0, "text", json!({ "body": "x" })).await;
    speak(&sandbox, "instagram", ACCOUNT.0, "text", json!({ "body": "x" })).await;
    for (page, body, status) in cases() {
        let answer = send(&sandbox, page, &body).await;
        assert_eq!(answer.0, status, "{body} {}", answer.1);
    }
    let wrong = send(&sandbox, (PAGE.0, "nothing"), &json!({ "message": { "text": "a" } })).await;
    assert_eq!((wrong.0, code(&wrong)), (401, (190, 0)));
    let others = send(&sandbox, (PAGE.0, ACCOUNT.1), &json!({ "message": { "text": "a" } })).await;
    assert_eq!((others.0, code(&others)), (400, (100, 33)));
}

#[tokio::test]
async fn outside_the_window_only_what_was_approved_before_passes() {
    let (sandbox, _receiver) = boot(Behaviour { window: true, window_seconds: 0, ..calm() }).await;
    speak(&sandbox, "messenger", PAGE.0, "postback", json!({ "title": "Start", "payload": "START" })).await;
    let answer = send(&sandbox, PAGE, &json!({ "message": { "text": "a" } })).await;
    assert_eq!((answer.0, code(&answer)), (403, (10, 2_018_278)));
    sandbox.set(json!({ "windowSeconds": 3600 })).await;
    assert_eq!(send(&sandbox, PAGE, &json!({ "message": { "text": "a" } })).await.0, 200);
    let template = json!({ "messaging_type": "UTILITY", "message": { "template": { "name": "order", "language": { "code": "en" } } } });
    sandbox.set(json!({ "windowSeconds": 0 })).await;
    assert_eq!(send(&sandbox, PAGE, &template).await.0, 200);
}

#[tokio::test]
async fn a_token_shows_whom_it_is_for() {
    let (sandbox, _receiver) = boot(calm()).await;
    let (status, me) = call(&sandbox, PAGE.1, ("GET", "me?fields=id,name"), None).await;
    assert_eq!((status, me), (200, json!({ "id": PAGE.0, "name": "Sandbox page" })));
    let path = "me?fields=id,name,instagram_business_account{id,username,name}";
    let (_, me) = call(&sandbox, ACCOUNT.1, ("GET", path), None).await;
    assert_eq!(me["instagram_business_account"]["id"], ACCOUNT.0);
    let answer = call(&sandbox, PAGE.1, ("GET", "me?fields=id,shoe_size"), None).await;
    assert_eq!((answer.0, code(&answer)), (400, (100, 0)));
    let (_, list) = call(&sandbox, PAGE.1, ("GET", "me/subscribed_apps"), None).await;
    assert_eq!(list["data"][0]["subscribed_fields"][0], "messages");
}

/// Whoever looks on looks again after each of these.
async fn changed(stream: &mut reqwest::Response) {
    let wait = async {
        loop {
            let chunk = stream.chunk().await.unwrap().expect("the stream ended");
            if String::from_utf8_lossy(&chunk).contains("event: changed") {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.expect("no change was told");
}

#[tokio::test]
async fn a_phone_shows_the_chat_its_files_and_what_was_read() {
    let (sandbox, receiver) = boot(calm()).await;
    let asked = speak(&sandbox, "messenger", PAGE.0, "text", json!({ "body": "hello" })).await;
    let picture = json!({ "data": "aGk=", "mime_type": "image/png" });
    speak(&sandbox, "instagram", ACCOUNT.0, "image", picture).await;
    let delivered = receiver.wait("webhooks", |all| (all.len() >= 2).then(|| all.to_vec())).await;
    let url = delivered.iter().find_map(|one| {
        let message = &one.json()["entry"][0]["messaging"][0]["message"];
        message["attachments"][0]["payload"]["url"].as_str().map(str::to_owned)
    });
    let image = json!({ "attachment": { "type": "image", "payload": { "url": url.unwrap() } } });
    assert_eq!(send(&sandbox, PAGE, &json!({ "message": image })).await.0, 200);

    let path = format!("/contacts/{CONTACT}/messages?channel=messenger&with={}", PAGE.0);
    let (_, chat) = sandbox.control("GET", &path, None).await;
    let (first, second) = (&chat["messages"][0], &chat["messages"][1]);
    assert_eq!((&first["id"], &first["files"]), (&json!(asked), &json!([])));
    assert!(first["n"].as_u64().unwrap() < second["n"].as_u64().unwrap(), "{chat}");
    assert_eq!(
        (&second["files"][0]["mimeType"], &second["files"][0]["size"]),
        (&json!("image/png"), &json!(2))
    );
    let (_, contacts) = sandbox.control("GET", "/contacts", None).await;
    assert_eq!(contacts, json!({ "contacts": [{ "address": CONTACT, "name": null }] }));
}

#[tokio::test]
async fn what_happens_to_a_page_is_a_change() {
    let (sandbox, _receiver) = boot(calm()).await;
    speak(&sandbox, "instagram", ACCOUNT.0, "text", json!({ "body": "hello" })).await;
    let mut stream = sandbox.client.get(sandbox.url("/control/events")).send().await.unwrap();
    changed(&mut stream).await;
    let seen = json!({ "recipient": { "id": CONTACT }, "sender_action": "mark_seen" });
    let (status, answer) =
        call(&sandbox, ACCOUNT.1, ("POST", &format!("{}/messages", ACCOUNT.0)), Some(&seen)).await;
    assert_eq!(status, 200, "{answer}");
    changed(&mut stream).await;
    let path = format!("/control/pages/{}", PAGE.0);
    assert_eq!(sandbox.control("PATCH", &path, Some(&json!({ "name": "Bakery" }))).await.0, 200);
    changed(&mut stream).await;
    let (_, told) = sandbox.control("GET", "/control/channels", None).await;
    assert_eq!(told["channels"][1]["senders"][0]["name"], "Bakery");
}
