//! RCS: tokens of service accounts, asked for once and used until shortly before they end.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::channels::rcs::service_account::ServiceAccount;
use common::channels::{Action, SendOutcome};
use common::domain::content::Content;
use serde_json::{Value, json};

use super::provider::{Answer, answer};
use super::rcs::{Rcs, refusal, service_account, taken, token};

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
    assert_eq!(ServiceAccount::read("7").map(|_| ()).unwrap_err().field, "");
    let read = ServiceAccount::read(&whole.to_string()).unwrap();
    assert!(!format!("{read:?}").contains("PRIVATE"));
    let again = ServiceAccount::read(&read.essence()).unwrap();
    assert_eq!((again.email, again.token_uri), (read.email, read.token_uri));
}
