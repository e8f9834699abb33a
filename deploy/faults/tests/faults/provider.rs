//! What a provider may answer, and what becomes of the message: told in its timeline and in the metrics.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common::domain::ids::ConversationId;
use common::testing::eventually;
use faults::{Options, System};
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, number, reply, taken, until_event, until_status};

fn timings(pairs: &[(&str, u32)]) -> Options {
    let environment =
        pairs.iter().map(|(name, seconds)| (format!("SWITCHBOARD_{name}_SECONDS"), seconds.to_string()));
    Options { environment: environment.collect::<BTreeMap<_, _>>(), ..Options::default() }
}

async fn conversation(system: &System, address: &str) -> ConversationId {
    system.workspace.conversation(system.database.pool(), address).await
}

async fn outbound(system: &System, series: &str) -> f64 {
    system.workers["outbound"].metric(&format!("switchboard_{series}")).await.unwrap()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no time: {value}"))
}

/// When the provider took a message with this text.
async fn taken_at(system: &System, text: &str) -> DateTime<Utc> {
    let ledger = system.ledger().await.unwrap();
    let found = ledger.iter().find(|entry| entry["body"]["text"]["body"] == text);
    time(&found.unwrap_or_else(|| panic!("{text} in {ledger:?}"))["at"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_sender_waits_as_long_as_it_is_told() {
    let system = System::start(Options::default()).await.unwrap();
    let refuse = json!({ "httpStatus": 429, "code": 130429, "retryAfter": 8 });
    system.client.fault(&json!({ "times": 1, "fault": { "refuse": refuse } })).await.unwrap();
    let first = conversation(&system, "15550007001").await;
    let id = reply(&system.client, first, "first").await;
    let waiting = until_event(&system.client, &id, "retry_due").await;
    let due = entry(&waiting, "retry_due");
    let refused_at = time(&due["at"]);
    let wait = time(&due["detail"]["until"]) - refused_at;
    // The entry is written a moment after the time it tells was worked out, and on a busy machine some more.
    assert!((5_000..14_000).contains(&wait.num_milliseconds()), "{due}");
    assert_eq!(
        (&due["detail"]["action"], &due["detail"]["providerCode"]),
        (&json!("throttle_sender"), &json!("130429"))
    );
    assert_eq!(waiting["status"], "pending");
    // Others of the same sender wait too: the account is throttled, not the contact.
    let mut others = Vec::new();
    for n in 0..10 {
        let other = conversation(&system, &format!("155500071{n:02}")).await;
        others.push(reply(&system.client, other, &format!("other {n}")).await);
    }
    let delivered = until_status(&system.client, &id, "delivered").await;
    for other in &others {
        until_status(&system.client, other, "delivered").await;
    }
    assert_eq!(events(&delivered)[..6], ["accepted", "sending", "retry_due", "sending", "sent", "status"]);
    assert!(taken_at(&system, "first").await - refused_at >= chrono::TimeDelta::seconds(5));
    for n in 0..10 {
        let waited = taken_at(&system, &format!("other {n}")).await - refused_at;
        assert!(waited >= chrono::TimeDelta::seconds(5), "other {n} waited {waited}");
    }
    // Being told to wait is no failure of the message.
    assert_eq!(number(&system, "SELECT sum(failures)::bigint FROM messages").await, 0);
    assert_eq!(
        outbound(&system, r#"provider_errors_total{action="throttle_sender",channel="whatsapp"}"#).await,
        1.0
    );
    assert_eq!(
        outbound(&system, r#"attempts_total{channel="whatsapp",outcome="throttle_sender"}"#).await,
        1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_provider_is_tried_again_in_order_and_nobody_else_waits() {
    let system = System::start(timings(&[("RETRY_FIRST", 4)])).await.unwrap();
    let to = "15550007201";
    let refuse = json!({ "httpStatus": 500, "code": 131000 });
    let order = json!({ "recipient": to, "times": 2, "fault": { "refuse": refuse } });
    system.client.fault(&order).await.unwrap();
    let troubled = conversation(&system, to).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(reply(&system.client, troubled, &format!("text {n}")).await);
    }
    let mut others = Vec::new();
    for n in 0..10 {
        let other = conversation(&system, &format!("155500073{n:02}")).await;
        others.push(reply(&system.client, other, &format!("other {n}")).await);
    }
    for other in &others {
        until_status(&system.client, other, "delivered").await;
    }
    assert!(taken(&system, to).await.is_empty(), "the others waited");
    let first = until_status(&system.client, &ids[0], "delivered").await;
    let told = ["accepted", "sending", "retry_due", "sending", "retry_due", "sending", "sent"];
    assert_eq!(events(&first)[..7], told, "{first}");
    for id in &ids {
        until_status(&system.client, id, "delivered").await;
    }
    assert_eq!(taken(&system, to).await, ["text 0", "text 1", "text 2", "text 3", "text 4"]);
    let waits: Vec<i64> = first["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"] == "retry_due")
        .map(|entry| (time(&entry["detail"]["until"]) - time(&entry["at"])).num_milliseconds())
        .collect();
    assert!((2_000..8_100).contains(&waits[0]) && (6_000..16_100).contains(&waits[1]), "{waits:?}");
    assert_eq!(number(&system, "SELECT max(failures)::bigint FROM messages").await, 2);
    assert_eq!(
        outbound(&system, r#"provider_errors_total{action="transient",channel="whatsapp"}"#).await,
        2.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_fails_and_its_lane_goes_on() {
    let system = System::start(Options::default()).await.unwrap();
    let refuse = json!({ "httpStatus": 400, "code": 131026, "message": "Message undeliverable" });
    system.client.fault(&json!({ "times": 1, "fault": { "refuse": refuse } })).await.unwrap();
    let to = "15550007401";
    let conversation = conversation(&system, to).await;
    let (first, second) = (
        reply(&system.client, conversation, "first").await,
        reply(&system.client, conversation, "second").await,
    );
    let failed = until_status(&system.client, &first, "failed").await;
    assert_eq!(failed["failure"]["code"], "recipient_unreachable", "{failed}");
    assert_eq!(failed["failure"]["providerCode"], "131026");
    assert_eq!(failed["failure"]["retryable"], true);
    assert_eq!(events(&failed), ["accepted", "sending", "failed"]);
    until_status(&system.client, &second, "delivered").await;
    assert_eq!(taken(&system, to).await, ["second"]);
    let settled = r#"messages_settled_total{channel="whatsapp",outcome="recipient_unreachable"}"#;
    assert_eq!(outbound(&system, settled).await, 1.0);
    assert_eq!(number(&system, "SELECT count(*) FROM events WHERE type = 'message.failed'").await, 1);
}

/// The provider takes the message and does not say so: its statuses prove it.
async fn proved_by_evidence(fault: Value) {
    let system = System::start(timings(&[("PROVIDER_TIMEOUT", 4), ("LEASE", 8), ("EVIDENCE_WAIT", 30)]))
        .await
        .unwrap();
    system.client.fault(&json!({ "times": 1, "fault": fault })).await.unwrap();
    let to = "15550007501";
    let conversation = conversation(&system, to).await;
    let (first, second) = (
        reply(&system.client, conversation, "first").await,
        reply(&system.client, conversation, "second").await,
    );
    let doubted = until_event(&system.client, &first, "uncertain").await;
    assert_eq!(doubted["status"], "pending");
    assert!(!entry(&doubted, "uncertain")["detail"]["until"].is_null());
    let delivered = until_status(&system.client, &first, "delivered").await;
    let told = events(&delivered);
    assert_eq!(told[..5], ["accepted", "sending", "uncertain", "proved", "sent"], "{delivered}");
    assert!(!told.contains(&"resending"), "{delivered}");
    until_status(&system.client, &second, "delivered").await;
    assert_eq!(taken(&system, to).await, ["first", "second"]);
    assert_eq!(outbound(&system, r#"attempts_total{channel="whatsapp",outcome="uncertain"}"#).await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_after_acceptance_is_proved_and_not_repeated() {
    proved_by_evidence(json!({ "holdMs": 20_000, "status": { "delayMs": 11_000 } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_after_acceptance_is_proved_and_not_repeated() {
    proved_by_evidence(json!({ "drop": "afterAccept", "status": { "delayMs": 8_000 } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_taken_is_sent_again_after_the_wait_for_evidence() {
    let system =
        System::start(timings(&[("PROVIDER_TIMEOUT", 4), ("LEASE", 8), ("EVIDENCE_WAIT", 3)])).await.unwrap();
    system.client.fault(&json!({ "times": 1, "fault": { "drop": "beforeAccept" } })).await.unwrap();
    let to = "15550007601";
    let conversation = conversation(&system, to).await;
    let (first, second) = (
        reply(&system.client, conversation, "first").await,
        reply(&system.client, conversation, "second").await,
    );
    let delivered = until_status(&system.client, &first, "delivered").await;
    let told = ["accepted", "sending", "uncertain", "resending", "sending", "sent"];
    assert_eq!(events(&delivered)[..6], told, "{delivered}");
    let waited = time(&entry(&delivered, "resending")["at"]) - time(&entry(&delivered, "uncertain")["at"]);
    assert!(waited >= chrono::TimeDelta::seconds(2), "{waited}");
    until_status(&system.client, &second, "delivered").await;
    assert_eq!(taken(&system, to).await, ["first", "second"]);
    let swept = r#"switchboard_swept_total{reason="unknown_outcome"}"#;
    assert_eq!(system.workers["relay"].metric(swept).await.unwrap(), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_parks_gives_up_what_nobody_knows() {
    let system =
        System::start(timings(&[("PROVIDER_TIMEOUT", 4), ("LEASE", 8), ("EVIDENCE_WAIT", 2)])).await.unwrap();
    let park = "UPDATE inboxes SET unknown_outcome = 'park'";
    system.database.pool().get().await.unwrap().batch_execute(park).await.unwrap();
    system.client.fault(&json!({ "times": 1, "fault": { "drop": "beforeAccept" } })).await.unwrap();
    let to = "15550007701";
    let conversation = conversation(&system, to).await;
    let (first, second) = (
        reply(&system.client, conversation, "first").await,
        reply(&system.client, conversation, "second").await,
    );
    let failed = until_status(&system.client, &first, "failed").await;
    assert_eq!(failed["failure"]["code"], "outcome_unknown", "{failed}");
    until_status(&system.client, &second, "delivered").await;
    assert_eq!(taken(&system, to).await, ["second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_there_is_plainly_tried_again() {
    let system = System::start(Options::default()).await.unwrap();
    let moved = "UPDATE connections SET api_url = $1";
    let set = async |url: &str| {
        system.database.pool().get().await.unwrap().execute(moved, &[&url]).await.unwrap();
    };
    // Nobody listens on the discard port.
    set("http://127.0.0.1:9").await;
    let conversation = conversation(&system, "15550007801").await;
    let id = reply(&system.client, conversation, "Hello?").await;
    let waiting = until_event(&system.client, &id, "retry_due").await;
    assert_eq!(entry(&waiting, "retry_due")["detail"]["action"], "transient");
    set(&system.client.sandbox_url).await;
    let delivered = until_status(&system.client, &id, "delivered").await;
    assert!(!events(&delivered).contains(&"uncertain"), "{delivered}");
    eventually("the provider has it once", SOON, async || match system.ledger().await.unwrap().len() {
        1 => Ok(()),
        found => Err(found),
    })
    .await;
}
