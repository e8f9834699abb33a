//! Window, throughput and pair rate.

use sandbox::Behaviour;
use serde_json::json;

use crate::support::{CONTACT, PHONE, WABA, boot, calm, code, text};

const OTHER: &str = "16505559999";

#[tokio::test]
async fn a_free_form_message_needs_a_contact_that_wrote() {
    let (sandbox, _receiver) = boot(Behaviour { window: true, ..calm() }).await;
    let answer = sandbox.send(&text(CONTACT, "m")).await;
    assert_eq!(code(&answer), (400, 131_047));
    let details = answer.1["error"]["error_data"]["details"].as_str().unwrap();
    assert!(details.contains("24 hours"), "{details}");
    sandbox.speak(CONTACT, "hello").await;
    sandbox.send_text(CONTACT, "m").await;
    assert_eq!(
        code(&sandbox.send(&text(OTHER, "m")).await),
        (400, 131_047),
        "the window is the contact's own"
    );
    sandbox.set(json!({"windowSeconds": 0})).await;
    assert_eq!(code(&sandbox.send(&text(CONTACT, "m")).await), (400, 131_047), "the window closes");
    sandbox.set(json!({"window": false})).await;
    sandbox.send_text(OTHER, "m").await;
    assert_eq!(sandbox.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_pair_may_burst_and_then_waits() {
    let (sandbox, _receiver) = boot(Behaviour { pacing: true, ..calm() }).await;
    // Slower than the default, so that a slow machine cannot earn a message back.
    sandbox.set(json!({"pairIntervalMs": 3_600_000, "throughput": 1_000_000})).await;
    for place in 0..45 {
        sandbox.send_text(CONTACT, &place.to_string()).await;
    }
    assert_eq!(code(&sandbox.send(&text(CONTACT, "m")).await), (400, 131_056));
    sandbox.send_text(OTHER, "m").await;
    sandbox.set(json!({"pacing": false})).await;
    sandbox.send_text(CONTACT, "m").await;
}

#[tokio::test]
async fn a_number_has_its_throughput() {
    let (sandbox, _receiver) = boot(Behaviour { pacing: true, throughput: 1, ..calm() }).await;
    sandbox.send_text(CONTACT, "m").await;
    let answer = sandbox.send(&text(OTHER, "m")).await;
    assert_eq!(code(&answer), (400, 130_429));
    let faster = json!({"phoneNumbers": [{"id": PHONE, "displayPhoneNumber": "+1 555-000-0001", "throughput": 1_000}]});
    assert_eq!(sandbox.control("PATCH", &format!("/control/accounts/{WABA}"), Some(&faster)).await.0, 200);
    // What was used up at the old rate is paid back at the old rate: up to a second.
    tokio::time::timeout(crate::support::DEADLINE, async {
        while sandbox.send(&text(OTHER, "m")).await.0 != 200 {}
    })
    .await
    .unwrap();
    assert_eq!(sandbox.ledger().await.len(), 2, "refused messages are not in the ledger");
}

#[tokio::test]
async fn the_default_pace_is_the_providers() {
    let defaults = Behaviour::default();
    assert!(defaults.pacing && defaults.window);
    assert_eq!((defaults.throughput, defaults.pair_interval_ms, defaults.pair_burst), (80, 6_000, 45));
    assert_eq!(defaults.window_seconds, 86_400);
}
