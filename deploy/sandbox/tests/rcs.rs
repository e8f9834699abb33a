//! RCS: tokens for signed statements, ids taken once, the provider's checks and errors, and signed events.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use sandbox::{Behaviour, Settings, rcs_signature};
use serde_json::{Value, json};

use crate::support::{Answer, Delivery, Receiver, Sandbox, boot_with, calm};

const AGENT: &str = "sandbox_agent";
const CONTACT: &str = "+16505551234";
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

async fn boot(behaviour: Behaviour) -> (Sandbox, Receiver) {
    let receiver = Receiver::start().await;
    let url = Some(receiver.url.clone());
    (boot_with(Settings { rcs_webhook_url: url, behaviour, ..Settings::default() }).await, receiver)
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
}

async fn account(sandbox: &Sandbox) -> Value {
    sandbox.control("GET", &format!("/control/rcs-agents/{AGENT}/service-account"), None).await.1
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn claims(account: &Value) -> Value {
    json!({
        "iss": account["client_email"], "aud": account["token_uri"], "iat": now(), "exp": now() + 3600,
        "scope": "https://www.googleapis.com/auth/rcsbusinessmessaging",
    })
}

fn statement(account: &Value, header: &Value, claims: &Value) -> String {
    let der =
        PrivatePkcs8KeyDer::from_pem_slice(account["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let key = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn ask_for_token(sandbox: &Sandbox, assertion: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("grant_type", GRANT), ("assertion", assertion)])
        .finish();
    let request = sandbox.client.post(sandbox.url("/token"));
    answer(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await
}

async fn token(sandbox: &Sandbox) -> String {
    let account = account(sandbox).await;
    let assertion = statement(&account, &json!({ "alg": "RS256", "typ": "JWT" }), &claims(&account));
    let (status, body) = ask_for_token(sandbox, &assertion).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
    body["access_token"].as_str().unwrap().to_owned()
}

async fn post(sandbox: &Sandbox, token: &str, path: &str, body: &Value) -> Answer {
    answer(sandbox.client.post(sandbox.url(path)).bearer_auth(token).json(body)).await
}

fn messages(id: &str) -> String {
    format!("/v1/phones/{CONTACT}/agentMessages?messageId={id}&agentId={AGENT}")
}

fn text(text: &str) -> Value {
    json!({ "contentMessage": { "text": text } })
}

/// An event, once its signature has been checked.
fn event(delivery: &Delivery) -> Value {
    let body = delivery.json();
    let data = STANDARD.decode(body["message"]["data"].as_str().unwrap()).unwrap();
    assert_eq!(delivery.headers["x-goog-signature"], rcs_signature("sandbox-client-token", &data));
    assert_eq!(body["message"]["attributes"]["business_id"], AGENT);
    serde_json::from_slice(&data).unwrap()
}

fn events(deliveries: &[Delivery]) -> Vec<Value> {
    deliveries.iter().filter(|delivery| delivery.answered == 200).map(event).collect()
}

#[tokio::test]
async fn a_token_is_given_for_a_statement_that_is_right_in_everything() {
    let (sandbox, _receiver) = boot(calm()).await;
    let account = account(&sandbox).await;
    let (header, right) = (json!({ "alg": "RS256", "typ": "JWT" }), claims(&account));
    let with = |field: &str, value: Value| {
        let mut claims = right.clone();
        claims[field] = value;
        statement(&account, &header, &claims)
    };
    let mut forged = statement(&account, &header, &right);
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    for (assertion, error, why) in [
        (with("iss", json!("else@p.iam.gserviceaccount.com")), "invalid_grant", "account not found"),
        (with("aud", json!("https://oauth2.googleapis.com/token")), "invalid_grant", "audience"),
        (with("exp", json!(now() + 7200)), "invalid_grant", "short-lived"),
        (with("iat", json!(now() - 7200)), "invalid_grant", "short-lived"),
        (with("scope", json!("https://www.googleapis.com/auth/drive")), "invalid_scope", "scope"),
        (statement(&account, &json!({ "alg": "none" }), &right), "invalid_grant", "RS256"),
        (forged, "invalid_grant", "Signature"),
        ("nothing".to_owned(), "invalid_grant", "short-lived"),
    ] {
        let (status, body) = ask_for_token(&sandbox, &assertion).await;
        assert_eq!((status, body["error"].as_str()), (400, Some(error)), "{body}");
        assert!(body["error_description"].as_str().unwrap().contains(why), "{body}");
    }
    token(&sandbox).await;
}

#[tokio::test]
async fn a_message_is_taken_once_for_each_id_and_told_of() {
    let (sandbox, receiver) = boot(Behaviour { read: true, ..calm() }).await;
    let token = token(&sandbox).await;
    for words in ["Hello", "Hello again"] {
        let (status, body) = post(&sandbox, &token, &messages(ID), &text(words)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["name"], format!("phones/{CONTACT}/agentMessages/{ID}"));
        assert_eq!(body["contentMessage"]["text"], "Hello");
    }
    let told = receiver.wait("two events", |all| (events(all).len() == 2).then(|| events(all))).await;
    for (event, word) in told.iter().zip(["DELIVERED", "READ"]) {
        assert_eq!((&event["eventType"], &event["messageId"]), (&json!(word), &json!(ID)));
        assert_eq!((&event["senderPhoneNumber"], &event["agentId"]), (&json!(CONTACT), &json!(AGENT)));
    }
    let ledger = sandbox.ledger().await;
    assert_eq!(ledger.len(), 1, "{ledger:?}");
    assert_eq!((&ledger[0]["channel"], &ledger[0]["providerId"]), (&json!("rcs"), &json!(ID)));
    assert_eq!((&ledger[0]["sender"], &ledger[0]["recipient"]), (&json!(AGENT), &json!("16505551234")));
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_refused_in_its_words() {
    let (sandbox, _receiver) = boot(calm()).await;
    let token = token(&sandbox).await;
    let path = messages(ID);
    let content = |content: Value| json!({ "contentMessage": content });
    let reply = |words: &str| json!({ "reply": { "text": words, "postbackData": "1" } });
    let cases = [
        (path.clone(), json!({}), 400),
        (path.clone(), content(json!({})), 400),
        (path.clone(), content(json!({ "text": "" })), 400),
        (path.clone(), content(json!({ "text": "x".repeat(3073) })), 400),
        (
            path.clone(),
            content(json!({ "text": "x", "contentInfo": { "fileUrl": "https://a.example" } })),
            400,
        ),
        (path.clone(), content(json!({ "text": "x", "footer": "y" })), 400),
        (path.clone(), content(json!({ "text": "x", "suggestions": vec![reply("y"); 12] })), 400),
        (path.clone(), content(json!({ "text": "x", "suggestions": [reply(&"y".repeat(26))] })), 400),
        (path.clone(), content(json!({ "contentInfo": { "fileUrl": "nowhere" } })), 400),
        (path.clone(), content(json!({ "richCard": {} })), 400),
        (
            path.clone(),
            content(
                json!({ "richCard": { "carouselCard": { "cardWidth": "MEDIUM", "cardContents": [{ "title": "x" }] } } }),
            ),
            400,
        ),
        (path.clone(), json!({ "contentMessage": { "text": "x" }, "messageTrafficType": "SPAM" }), 400),
        (messages("1"), text("x"), 400),
        (format!("/v1/phones/{CONTACT}/agentMessages?messageId={ID}"), text("x"), 400),
        (path.replace(CONTACT, "16505551234"), text("x"), 400),
        (path.replace(AGENT, "another"), text("x"), 403),
        (path.replace(CONTACT, "+16599990404"), text("x"), 404),
    ];
    for (path, body, expected) in cases {
        let (status, told) = post(&sandbox, &token, &path, &body).await;
        assert_eq!(status, expected, "{path} {body} {told}");
        let word = [(400, "INVALID_ARGUMENT"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND")]
            .into_iter()
            .find_map(|(code, word)| (code == expected).then_some(word));
        assert_eq!(
            (told["error"]["code"].as_u64(), told["error"]["status"].as_str()),
            (Some(expected.into()), word)
        );
    }
    let (status, told) = post(&sandbox, "another", &path, &text("x")).await;
    assert_eq!((status, &told["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
    sandbox.control("DELETE", "/control/rcs-tokens", None).await;
    assert_eq!(post(&sandbox, &token, &path, &text("x")).await.0, 401, "tokens were taken back");
    assert!(sandbox.ledger().await.is_empty());
}

#[tokio::test]
async fn faults_are_ordered_and_answered_as_the_provider_does() {
    let (sandbox, receiver) = boot(calm()).await;
    let token = token(&sandbox).await;
    let fault = async |fault: Value| {
        let rule = json!({ "times": 1, "fault": fault });
        assert_eq!(sandbox.control("POST", "/control/faults", Some(&rule)).await.0, 201);
    };
    for (status, word) in [(429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (503, "UNAVAILABLE")] {
        fault(json!({ "refuse": { "httpStatus": status, "code": 0 } })).await;
        let (answered, told) = post(&sandbox, &token, &messages(ID), &text("x")).await;
        assert_eq!((answered, told["error"]["status"].as_str()), (status, Some(word)));
    }
    assert!(sandbox.ledger().await.is_empty());
    fault(json!({ "drop": "afterAccept", "status": { "duplicate": 1 } })).await;
    let lost =
        sandbox.client.post(sandbox.url(&messages(ID))).bearer_auth(&token).json(&text("x")).send().await;
    assert!(lost.is_err(), "{lost:?}");
    assert_eq!(sandbox.ledger().await.len(), 1);
    receiver.wait("the event twice", |all| (events(all).len() == 2).then_some(())).await;
    fault(json!({ "status": { "failCode": 1 } })).await;
    let other = messages("01890a5d-ac96-774b-bcce-b302099a8058");
    assert_eq!(post(&sandbox, &token, &other, &text("y")).await.0, 200);
    let told = receiver.wait("a third event", |all| events(all).get(2).cloned()).await;
    assert_eq!(
        (&told["eventType"], &told["phoneNumber"]),
        (&json!("TTL_EXPIRATION_REVOKED"), &json!(CONTACT))
    );
}

#[tokio::test]
async fn a_contact_writes_and_is_told_that_it_was_read() {
    let (sandbox, receiver) = boot(calm()).await;
    let token = token(&sandbox).await;
    let speak = async |kind: &str, said: Value| {
        let body = json!({ "channel": "rcs", "to": AGENT, "type": kind, kind: said });
        let (status, body) =
            sandbox.control("POST", &format!("/contacts/{CONTACT}/messages"), Some(&body)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    };
    receiver.answer_next(&[500]);
    let id = speak("text", json!({ "body": "Hello?" })).await;
    let told = receiver.wait("a message", |all| events(all).first().cloned()).await;
    assert_eq!((&told["messageId"], &told["text"]), (&json!(id), &json!("Hello?")));
    speak("suggestion", json!({ "type": "REPLY", "postbackData": "1", "text": "One" })).await;
    speak("image", json!({ "data": STANDARD.encode(b"bytes"), "mime_type": "image/png" })).await;
    speak("event", json!({ "eventType": "UNSUBSCRIBE" })).await;
    let all = receiver.wait("four events", |all| (events(all).len() == 4).then(|| events(all))).await;
    let find = |name: &str| all.iter().find(|event| event.get(name).is_some()).unwrap();
    assert_eq!(find("suggestionResponse")["suggestionResponse"]["postbackData"], "1");
    assert_eq!(find("eventType")["eventType"], "UNSUBSCRIBE");
    let file = &find("userFile")["userFile"]["payload"];
    assert_eq!((&file["mimeType"], &file["fileSizeBytes"]), (&json!("image/png"), &json!(5)));
    let bytes =
        sandbox.client.get(file["fileUri"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), b"bytes");
    let read = format!("/v1/phones/{CONTACT}/agentEvents?eventId={ID}&agentId={AGENT}");
    let unknown = json!({ "eventType": "READ", "messageId": "Mx0" });
    assert_eq!(post(&sandbox, &token, &read, &unknown).await.0, 400);
    assert_eq!(post(&sandbox, &token, &read, &json!({ "eventType": "READ", "messageId": id })).await.0, 200);
    let path = format!("/contacts/{CONTACT}/messages?channel=rcs&with={AGENT}");
    let (_, phone) = sandbox.control("GET", &path, None).await;
    assert_eq!((&phone["messages"][0]["id"], &phone["messages"][0]["status"]), (&json!(id), &json!("READ")));
    let capabilities = format!("/v1/phones/{CONTACT}/capabilities?requestId={ID}&agentId={AGENT}");
    let (status, told) = answer(sandbox.client.get(sandbox.url(&capabilities)).bearer_auth(&token)).await;
    assert_eq!((status, &told["features"][0]), (200, &json!("RICHCARD_STANDALONE")));
}
