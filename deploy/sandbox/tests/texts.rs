//! Texts: the provider's checks and errors, its queue, its callbacks, and the words that stop it.

use std::time::Duration;

use reqwest::StatusCode;
use sandbox::{Behaviour, Settings, text_signature};
use serde_json::{Value, json};

use crate::support::{Answer, Delivery, Receiver, Sandbox, boot_with, calm};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "sandbox-auth-token";
const KEY: &str = "SK00000000000000000000000000000001";
const NUMBER: &str = "+15550000301";
const CONTACT: &str = "+16505551234";

async fn boot(behaviour: Behaviour) -> (Sandbox, Receiver) {
    let receiver = Receiver::start().await;
    let url = format!("{}#rc=2&rp=all", receiver.url);
    (boot_with(Settings { text_webhook_url: Some(url), behaviour, ..Settings::default() }).await, receiver)
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn call(sandbox: &Sandbox, method: &str, path: &str, body: Option<String>) -> Answer {
    call_as(sandbox, (ACCOUNT, TOKEN), method, path, body).await
}

async fn call_as(
    sandbox: &Sandbox,
    (user, password): (&str, &str),
    method: &str,
    path: &str,
    body: Option<String>,
) -> Answer {
    let url = sandbox.url(&format!("/2010-04-01/Accounts/{path}"));
    let mut request = sandbox.client.request(method.parse().unwrap(), url).basic_auth(user, Some(password));
    if let Some(body) = body {
        request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
}

async fn send(sandbox: &Sandbox, fields: &[(&str, &str)]) -> Answer {
    call(sandbox, "POST", &format!("{ACCOUNT}/Messages.json"), Some(form(fields))).await
}

fn plain<'a>(body: &'a str, callback: &'a str) -> [(&'a str, &'a str); 4] {
    [("To", CONTACT), ("From", NUMBER), ("Body", body), ("StatusCallback", callback)]
}

/// A webhook's parameters, once its signature has been checked.
fn parameters(delivery: &Delivery, url: &str) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&delivery.body).into_owned().collect();
    let signature = text_signature(TOKEN, url, &pairs);
    assert_eq!(delivery.headers["x-twilio-signature"], signature);
    pairs
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn statuses(deliveries: &[Delivery], url: &str) -> Vec<(String, String)> {
    let taken = deliveries.iter().filter(|delivery| delivery.answered == StatusCode::OK);
    let pairs = taken.map(|delivery| parameters(delivery, url));
    pairs
        .map(|pairs| (value(&pairs, "MessageStatus").to_owned(), value(&pairs, "ErrorCode").to_owned()))
        .collect()
}

async fn speak(sandbox: &Sandbox, message: Value) -> String {
    let (status, body) =
        sandbox.control("POST", &format!("/contacts/{CONTACT}/messages"), Some(&message)).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

fn words(text: &str) -> Value {
    json!({ "channel": "text", "to": NUMBER, "type": "text", "text": { "body": text } })
}

#[tokio::test]
async fn a_text_is_taken_told_of_and_looked_up() {
    let (sandbox, receiver) = boot(calm()).await;
    let callback = format!("{}?attempt=a1&sender=x", receiver.url);
    let (status, body) = send(&sandbox, &plain("Hello", &format!("{callback}#rc=1"))).await;
    assert_eq!(status, 201, "{body}");
    let sid = body["sid"].as_str().unwrap().to_owned();
    assert!(sid.starts_with("SM") && sid.len() == 34, "{sid}");
    assert_eq!(
        (&body["status"], &body["num_segments"], &body["num_media"]),
        (&json!("queued"), &json!("1"), &json!("0"))
    );
    let told = receiver.wait("two statuses", |all| (all.len() == 2).then(|| statuses(all, &callback))).await;
    assert_eq!(told, [("sent".into(), String::new()), ("delivered".into(), String::new())]);
    let path = format!("{ACCOUNT}/Messages/{sid}.json");
    let (status, found) = call(&sandbox, "GET", &path, None).await;
    assert_eq!((status, &found["status"], &found["body"]), (200, &json!("delivered"), &json!("Hello")));
    let entries = sandbox.ledger().await;
    assert_eq!((&entries[0]["channel"], &entries[0]["correlation"]), (&json!("text"), &json!("a1")));
    assert_eq!((&entries[0]["providerId"], &entries[0]["recipient"]), (&json!(sid), &json!("16505551234")));
    assert_eq!(call(&sandbox, "DELETE", &path, None).await.0, 204);
    assert_eq!(call(&sandbox, "GET", &path, None).await.1["code"], 20_404);
    // An API key sends too, and another account's messages are not there.
    let (status, _) =
        call_as(&sandbox, (KEY, "sandbox-api-secret"), "GET", &format!("{ACCOUNT}/Messages.json"), None)
            .await;
    assert_eq!(status, 200);
    let other = "AC00000000000000000000000000000009/Messages.json";
    assert_eq!(call(&sandbox, "GET", other, None).await.1["code"], 20_404);
    let refused = call_as(&sandbox, (ACCOUNT, "wrong"), "GET", other, None).await;
    assert_eq!((refused.0, &refused.1["code"]), (401, &json!(20_003)));
}

#[tokio::test]
async fn the_provider_is_strict_in_its_own_words() {
    let (sandbox, _receiver) = boot(calm()).await;
    let long = "x".repeat(1601);
    let cases: &[(&[(&str, &str)], u64)] = &[
        (&[], 21_604),
        (&[("To", CONTACT)], 21_603),
        (&[("To", CONTACT), ("From", "+19990000000"), ("Body", "x")], 21_606),
        (&[("To", CONTACT), ("From", NUMBER)], 21_602),
        (&[("To", CONTACT), ("From", NUMBER), ("Body", &long)], 21_617),
        (&[("To", "16505551234"), ("From", NUMBER), ("Body", "x")], 21_211),
        (&[("To", "+0650"), ("From", NUMBER), ("Body", "x")], 21_211),
        (&[("To", NUMBER), ("From", NUMBER), ("Body", "x")], 21_266),
        (&[("To", CONTACT), ("From", NUMBER), ("MediaUrl", "no address")], 21_620),
        (&[("To", CONTACT), ("From", NUMBER), ("Body", "x"), ("StatusCallback", "nowhere")], 21_609),
        (&[("To", CONTACT), ("MessagingServiceSid", "MG1"), ("Body", "x")], 21_701),
    ];
    for (fields, code) in cases {
        let (status, body) = send(&sandbox, fields).await;
        assert_eq!(
            (status, &body["code"], &body["status"]),
            (400, &json!(code), &json!(400)),
            "{fields:?} {body}"
        );
        assert_eq!(body["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
    }
    assert!(sandbox.ledger().await.is_empty());
    let service =
        [("To", CONTACT), ("MessagingServiceSid", "MG00000000000000000000000000000001"), ("Body", "x")];
    let (status, body) = send(&sandbox, &service).await;
    assert_eq!((status, &body["status"], &body["from"]), (201, &json!("accepted"), &json!(NUMBER)));
}

#[tokio::test]
async fn accounts_and_numbers_are_shown_to_those_who_may_see_them() {
    let (sandbox, _receiver) = boot(calm()).await;
    let own = format!("{ACCOUNT}.json");
    let (status, account) = call(&sandbox, "GET", &own, None).await;
    assert_eq!((status, &account["status"]), (200, &json!("active")));
    assert_eq!(call_as(&sandbox, (KEY, "sandbox-api-secret"), "GET", &own, None).await.0, 401);
    let path = format!("{ACCOUNT}/IncomingPhoneNumbers.json?PhoneNumber=%2B15550000301");
    let (_, numbers) = call(&sandbox, "GET", &path, None).await;
    assert_eq!(numbers["incoming_phone_numbers"][0]["phone_number"], NUMBER);
    let patch = json!({ "status": "suspended" });
    sandbox.control("PATCH", &format!("/control/text-accounts/{ACCOUNT}"), Some(&patch)).await;
    assert_eq!(send(&sandbox, &plain("x", "http://127.0.0.1:9/")).await.0, 403);
    let twice = json!({ "accountSid": "AC00000000000000000000000000000002", "authToken": "t",
        "phoneNumbers": [{ "sid": "PN00000000000000000000000000000002", "phoneNumber": NUMBER }] });
    assert_eq!(sandbox.control("POST", "/control/text-accounts", Some(&twice)).await.0, 400);
}

#[tokio::test]
async fn messages_are_listed_by_side_and_day_page_by_page() {
    let (sandbox, _receiver) = boot(calm()).await;
    for text in ["one", "two", "three"] {
        send(&sandbox, &[("To", CONTACT), ("From", NUMBER), ("Body", text)]).await;
    }
    send(&sandbox, &[("To", "+16505559999"), ("From", NUMBER), ("Body", "other")]).await;
    let list =
        async |query: &str| call(&sandbox, "GET", &format!("{ACCOUNT}/Messages.json?{query}"), None).await.1;
    let bodies = |page: &Value| -> Vec<String> {
        page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["body"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(bodies(&list("To=%2B16505551234").await), ["three", "two", "one"]);
    let first = list("To=%2B16505551234&PageSize=2").await;
    assert_eq!(bodies(&first), ["three", "two"]);
    let next = first["next_page_uri"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let second = list(&next).await;
    assert_eq!((bodies(&second), &second["next_page_uri"]), (vec!["one".to_owned()], &Value::Null));
    assert_eq!(bodies(&list("DateSent%3E=2000-01-01&From=%2B15550000301").await).len(), 4);
    assert_eq!(bodies(&list("DateSent%3C=2000-01-01").await).len(), 0);
    assert_eq!(bodies(&list("DateSent=2000-01-01").await).len(), 0);
    assert_eq!(list("DateSent=yesterday").await["code"], 20_001);
}

#[tokio::test]
async fn a_sender_s_queue_lets_out_a_segment_a_second() {
    let (sandbox, receiver) = boot(Behaviour { pacing: true, text_throughput: 4, ..calm() }).await;
    let begun = std::time::Instant::now();
    for text in ["one", "two", "three"] {
        assert_eq!(send(&sandbox, &plain(text, &receiver.url)).await.0, 201);
    }
    assert!(begun.elapsed() < Duration::from_millis(400), "accepted at once");
    receiver.wait("six statuses", |all| (all.len() == 6).then_some(())).await;
    assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_a_contact_texts_is_told_signed_and_repeated_as_asked() {
    let (sandbox, receiver) = boot(calm()).await;
    receiver.answer_next(&[500, 503]);
    let sid = speak(&sandbox, words("Hi 👋")).await;
    let all = receiver.wait("the third try", |all| (all.len() == 3).then(|| all.to_vec())).await;
    let told = parameters(&all[2], &receiver.url);
    assert_eq!((value(&told, "MessageSid"), value(&told, "Body")), (sid.as_str(), "Hi 👋"));
    assert_eq!(
        (value(&told, "From"), value(&told, "To"), value(&told, "SmsStatus")),
        (CONTACT, NUMBER, "received")
    );
    let token = |place: usize| all[place].headers["i-twilio-idempotency-token"].clone();
    assert_eq!(token(0), token(2));
    // Two repeats were asked for, and no more.
    receiver.answer_next(&[500, 500, 500]);
    speak(&sandbox, words("lost")).await;
    receiver.wait("all tries", |all| (all.len() == 6).then_some(())).await;
    let path = format!("/contacts/{CONTACT}/messages?channel=text");
    let chat = sandbox.until(&path, |chat| chat["messages"][0]["status"] == "delivered").await;
    assert_eq!(chat["messages"][1]["status"], "received");
    assert_eq!(chat["messages"][0]["message"]["text"]["body"], "Hi 👋");
}

#[tokio::test]
async fn a_contact_that_stopped_gets_nothing_until_it_begins_again() {
    let (sandbox, receiver) = boot(calm()).await;
    let patch = json!({ "advancedOptOut": true });
    sandbox.control("PATCH", &format!("/control/text-accounts/{ACCOUNT}"), Some(&patch)).await;
    speak(&sandbox, words("Stop")).await;
    let told = receiver.wait("the stop", |all| all.first().cloned()).await;
    assert_eq!(value(&parameters(&told, &receiver.url), "OptOutType"), "STOP");
    let (status, body) = send(&sandbox, &plain("x", &receiver.url)).await;
    assert_eq!((status, &body["code"]), (400, &json!(21_610)));
    speak(&sandbox, words("START")).await;
    assert_eq!(send(&sandbox, &plain("x", &receiver.url)).await.0, 201);
}

#[tokio::test]
async fn a_contact_s_file_is_led_to_with_the_password_and_fetched_without() {
    let (sandbox, receiver) = boot(calm()).await;
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, b"picture");
    let image = json!({ "mime_type": "image/png", "data": data, "caption": "Look" });
    let message = json!({ "channel": "text", "to": NUMBER, "type": "image", "image": image });
    let sid = speak(&sandbox, message).await;
    let told = receiver.wait("the message", |all| all.first().cloned()).await;
    let told = parameters(&told, &receiver.url);
    assert_eq!((value(&told, "NumMedia"), value(&told, "MediaContentType0")), ("1", "image/png"));
    let url = value(&told, "MediaUrl0").to_owned();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    let led = client.get(&url).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
    assert_eq!(led.status(), 307);
    let store = sandbox.url(led.headers()["location"].to_str().unwrap());
    assert_eq!(client.get(&store).basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap().status(), 400);
    assert_eq!(client.get(&store).send().await.unwrap().bytes().await.unwrap().as_ref(), b"picture");
    let (_, list) = call(&sandbox, "GET", &format!("{ACCOUNT}/Messages/{sid}/Media.json"), None).await;
    assert_eq!(list["media_list"][0]["content_type"], "image/png");
}

#[tokio::test]
async fn faults_meet_texts_with_the_provider_s_codes() {
    let (sandbox, receiver) = boot(calm()).await;
    let to = |to: &'static str| {
        [("To", to), ("From", NUMBER), ("Body", "x"), ("StatusCallback", "http://127.0.0.1:9/")]
    };
    for (recipient, status, code) in
        [("+15599990401", 401, 20_003), ("+15599990429", 429, 20_429), ("+15599990500", 500, 20_500)]
    {
        let (answered, body) = send(&sandbox, &to(recipient)).await;
        assert_eq!((answered, &body["code"]), (status, &json!(code)));
    }
    sandbox
        .fault(json!({ "sender": NUMBER, "recipient": CONTACT, "times": 1, "fault": { "status": { "failCode": 30005, "duplicate": 1 } } }))
        .await;
    send(&sandbox, &plain("x", &receiver.url)).await;
    let told =
        receiver.wait("four statuses", |all| (all.len() == 4).then(|| statuses(all, &receiver.url))).await;
    let words: Vec<&str> = told.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!((words, told[2].1.as_str()), (vec!["sent", "sent", "undelivered", "undelivered"], "30005"));
    sandbox.fault(json!({ "times": 1, "fault": { "refuse": { "httpStatus": 400, "code": 21610 } } })).await;
    assert_eq!(
        send(&sandbox, &plain("x", &receiver.url)).await.1["message"],
        "Attempt to send to unsubscribed recipient"
    );
    sandbox.fault(json!({ "times": 1, "fault": { "drop": "afterAccept" } })).await;
    let before = sandbox.ledger().await.len();
    let url = sandbox.url(&format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
    let cut = sandbox
        .client
        .post(url)
        .basic_auth(ACCOUNT, Some(TOKEN))
        .header("content-type", "application/x-www-form-urlencoded");
    assert!(cut.body(form(&plain("x", &receiver.url))).send().await.is_err());
    assert_eq!(sandbox.ledger().await.len(), before + 1);
}

#[tokio::test]
async fn a_text_that_waits_in_the_queue_can_be_canceled() {
    let (sandbox, receiver) = boot(Behaviour { pacing: true, text_throughput: 1, ..calm() }).await;
    send(&sandbox, &plain("first", &receiver.url)).await;
    let (_, second) = send(&sandbox, &plain("second", &receiver.url)).await;
    let path = format!("{ACCOUNT}/Messages/{}.json", second["sid"].as_str().unwrap());
    let (status, canceled) = call(&sandbox, "POST", &path, Some(form(&[("Status", "canceled")]))).await;
    assert_eq!((status, &canceled["status"]), (200, &json!("canceled")));
    assert_eq!(call(&sandbox, "POST", &path, Some(form(&[("Status", "canceled")]))).await.0, 400);
}
