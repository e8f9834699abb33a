//! Faults to order, by rule and by the recipient's digits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{CONTACT, DEADLINE, PHONE, Sandbox, boot, calm, code, text};

const OTHER: &str = "16505559999";

#[tokio::test]
async fn a_refusal_is_as_ordered_and_lasts_as_often_as_ordered() {
    let (sandbox, _receiver) = boot(calm()).await;
    sandbox
        .fault(json!({"recipient": "+16505551234", "times": 2, "fault": {"refuse": {"httpStatus": 503, "code": 131_016,
            "subcode": 7, "message": "busy", "retryAfter": 3, "isTransient": true}}}))
        .await;
    sandbox.send_text(OTHER, "m").await;
    let response = sandbox.try_send(&text(CONTACT, "m")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"3".parse().unwrap())
    );
    let error = response.json::<Value>().await.unwrap()["error"].clone();
    assert_eq!(
        (&error["code"], &error["error_subcode"], &error["message"], &error["is_transient"]),
        (&json!(131_016), &json!(7), &json!("busy"), &json!(true))
    );
    // A body that is wrong in itself does not use the fault up.
    assert_eq!(
        code(&sandbox.send(&json!({"messaging_product": "whatsapp", "to": CONTACT})).await),
        (400, 131_008)
    );
    assert_eq!(sandbox.control("GET", "/control/faults", None).await.1["faults"][0]["times"], 1);
    assert_eq!(code(&sandbox.send(&text(CONTACT, "m")).await), (503, 131_016));
    sandbox.send_text(CONTACT, "m").await;
    assert_eq!(sandbox.control("GET", "/control/faults", None).await.1, json!({"faults": []}));
    assert_eq!(sandbox.ledger().await.len(), 2);
}

#[tokio::test]
async fn faults_are_for_one_sender_in_order_and_can_be_removed() {
    let (sandbox, _receiver) = boot(calm()).await;
    let refuse = |code: u32| json!({"refuse": {"httpStatus": 400, "code": code}});
    sandbox.fault(json!({"sender": "999", "fault": refuse(1)})).await;
    sandbox.fault(json!({"sender": PHONE, "times": 1, "fault": refuse(131_000)})).await;
    let last = sandbox.fault(json!({"fault": refuse(368)})).await;
    assert_eq!(code(&sandbox.send(&text(CONTACT, "m")).await), (400, 131_000));
    assert_eq!(code(&sandbox.send(&text(CONTACT, "m")).await), (400, 368));
    assert_eq!(code(&sandbox.send(&text(CONTACT, "m")).await), (400, 368));
    let path = format!("/control/faults/{last}");
    assert_eq!(sandbox.control("DELETE", &path, None).await, (200, json!({"deleted": 1})));
    assert_eq!(sandbox.control("DELETE", &path, None).await.0, 404);
    sandbox.send_text(CONTACT, "m").await;
    assert_eq!(sandbox.control("DELETE", "/control/faults", None).await, (200, json!({"deleted": 1})));
    for wrong in [
        json!({"fault": {}}),
        json!({"fault": {"dely": 1}}),
        json!({"times": 0, "fault": {"delayMs": 1}}),
        json!({"fault": {"refuse": {"httpStatus": 200, "code": 1}}}),
        json!({"recipient": "nobody", "fault": {"delayMs": 1}}),
        json!({"fault": {"delayMs": u64::MAX}}),
        json!({"fault": {"status": {"duplicate": 1_001}}}),
    ] {
        assert_eq!(sandbox.control("POST", "/control/faults", Some(&wrong)).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_cut_before_acceptance_leaves_nothing() {
    let (sandbox, _receiver) = boot(calm()).await;
    sandbox.fault(json!({"times": 1, "fault": {"drop": "beforeAccept"}})).await;
    assert!(sandbox.try_send(&text(CONTACT, "m")).await.is_err());
    assert!(sandbox.ledger().await.is_empty());
    sandbox.send_text(CONTACT, "m").await;
}

#[tokio::test]
async fn a_cut_after_acceptance_leaves_message_and_statuses() {
    let (sandbox, receiver) = boot(calm()).await;
    sandbox.fault(json!({"times": 1, "fault": {"drop": "afterAccept"}})).await;
    assert!(sandbox.try_send(&text(CONTACT, "m")).await.is_err());
    assert_eq!(sandbox.ledger().await[0]["correlation"], "m");
    receiver.statuses(2).await;
}

#[tokio::test]
async fn a_held_answer_is_listed_and_its_statuses_come_first() {
    let (sandbox, receiver) = boot(calm()).await;
    sandbox.fault(json!({"times": 1, "fault": {"holdMs": 600_000}})).await;
    let (client, url) = (sandbox.client.clone(), sandbox.url(&format!("/v24.0/{PHONE}/messages")));
    let held = tokio::spawn(async move {
        client.post(url).bearer_auth("sandbox-access-token").json(&text(CONTACT, "held")).send().await
    });
    assert_eq!(receiver.statuses(2).await[0].0, "held");
    let (_, list) = sandbox.control("GET", "/control/held", None).await;
    let entry = &list["held"][0];
    assert!(entry["sinceMs"].is_u64());
    assert_eq!(
        (&entry["n"], &entry["sender"], &entry["recipient"], &entry["correlation"]),
        (&json!(1), &json!(PHONE), &json!(CONTACT), &json!("held"))
    );
    // A client that hangs up is no longer waiting.
    held.abort();
    sandbox.until("/control/held", |list| list["held"] == json!([])).await;
    assert_eq!(sandbox.ledger().await.len(), 1);
}

#[tokio::test]
async fn a_held_answer_is_given_in_the_end() {
    let (sandbox, _receiver) = boot(calm()).await;
    sandbox.fault(json!({"times": 1, "fault": {"delayMs": 60, "holdMs": 60}})).await;
    let begun = Instant::now();
    sandbox.send_text(CONTACT, "m").await;
    assert!(begun.elapsed() >= Duration::from_millis(120), "{:?}", begun.elapsed());
    sandbox.set(json!({"answerMs": 50})).await;
    let begun = Instant::now();
    sandbox.send_text(CONTACT, "m").await;
    assert!(begun.elapsed() >= Duration::from_millis(50), "{:?}", begun.elapsed());
}

async fn statuses_with(fault: Value, count: usize) -> Vec<String> {
    let (sandbox, receiver) = boot(sandbox::Behaviour { read: true, ..calm() }).await;
    sandbox.fault(json!({"times": 1, "fault": {"status": fault}})).await;
    sandbox.send_text(CONTACT, "m").await;
    // The statuses of the next message come last, so that nothing can still be on its way.
    let statuses = receiver.statuses(count).await;
    sandbox.send_text(CONTACT, "end").await;
    let all = receiver.statuses(count + 3).await;
    assert_eq!(all.iter().filter(|(of, _)| of == "m").count(), count, "{all:?}");
    statuses.into_iter().map(|(_, name)| name).collect()
}

#[tokio::test]
async fn statuses_may_leave_the_reference_out() {
    let (sandbox, receiver) = boot(calm()).await;
    sandbox.fault(json!({"times": 1, "fault": {"status": {"dropCorrelation": true}}})).await;
    sandbox.send_text(CONTACT, "m").await;
    assert_eq!(receiver.statuses(2).await[0], (String::new(), "sent".into()));
    assert_eq!(sandbox.ledger().await[0]["correlation"], "m");
}

#[tokio::test]
async fn statuses_are_duplicated_reordered_suppressed_failed() {
    let twice = statuses_with(json!({"duplicate": 1}), 6).await;
    assert_eq!(twice, ["sent", "sent", "delivered", "delivered", "read", "read"]);
    assert_eq!(statuses_with(json!({"reorder": true}), 3).await, ["read", "delivered", "sent"]);
    assert_eq!(statuses_with(json!({"suppress": ["sent", "delivered"]}), 1).await, ["read"]);
    assert_eq!(statuses_with(json!({"failCode": 131_026}), 1).await, ["failed"]);
    assert_eq!(statuses_with(json!({"delayMs": 30, "suppress": ["read"]}), 2).await, ["sent", "delivered"]);
}

#[tokio::test]
async fn a_failure_says_why() {
    let (sandbox, receiver) = boot(calm()).await;
    sandbox.send_text("15599990026", "m").await;
    receiver.statuses(1).await;
    let status = receiver.all()[0].statuses()[0].clone();
    assert_eq!(status["status"], "failed");
    assert_eq!(
        (&status["errors"][0]["code"], &status["errors"][0]["title"]),
        (&json!(131_026), &json!("Message undeliverable"))
    );
    assert_eq!(status["pricing"], Value::Null);
}

#[tokio::test]
async fn a_recipient_asks_for_faults_by_its_digits() {
    let (sandbox, receiver) = boot(calm()).await;
    for (digits, expected) in [
        ("401", (401, 190)),
        ("429", (429, 130_429)),
        ("500", (500, 131_000)),
        ("503", (503, 2)),
        ("047", (400, 131_047)),
        ("056", (400, 131_056)),
    ] {
        assert_eq!(code(&sandbox.send(&text(&format!("15599990{digits}"), "m")).await), expected);
    }
    assert!(sandbox.try_send(&text("15599990409", "before")).await.is_err());
    assert!(sandbox.try_send(&text("15599990408", "after")).await.is_err());
    assert_eq!(sandbox.ledger().await.len(), 1);
    receiver.statuses(2).await;
    hold_is_listed(&sandbox).await;
    sandbox.set(json!({"recipientFaults": false})).await;
    sandbox.send_text("15599990500", "m").await;
}

async fn hold_is_listed(sandbox: &Sandbox) {
    let (client, url) = (sandbox.client.clone(), sandbox.url(&format!("/v24.0/{PHONE}/messages")));
    let request = client.post(url).bearer_auth("sandbox-access-token").json(&text("15599990504", "held"));
    let held = tokio::spawn(request.timeout(DEADLINE).send());
    sandbox.until("/control/held", |list| list["held"][0]["correlation"] == "held").await;
    held.abort();
}
