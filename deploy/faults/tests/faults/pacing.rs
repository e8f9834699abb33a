//! Senders and pairs keep to the provider's rates, which the sandbox enforces.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use faults::{Options, System};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::watch::{SOON, entry, events, reply, taken, until_event, until_status};

const THROTTLED: &str = r#"switchboard_provider_errors_total{action="throttle_sender",channel="whatsapp"}"#;
const PAIR_THROTTLED: &str =
    r#"switchboard_provider_errors_total{action="throttle_recipient",channel="whatsapp"}"#;

async fn paced() -> System {
    let system = System::start(Options::default()).await.unwrap();
    system.client.sandbox_patch("/control/settings", &json!({ "pacing": true })).await.unwrap();
    system
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no time: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_at_its_pace_is_never_refused() {
    let system = paced().await;
    let mut conversations = Vec::new();
    for n in 0..50 {
        let address = format!("1555400{n:04}");
        conversations.push((system.workspace.conversation(system.database.pool(), &address).await, address));
    }
    let begun = Instant::now();
    let replies = conversations.iter().map(|(conversation, _)| async {
        let mut last = String::new();
        for turn in 0..4 {
            last = reply(&system.client, *conversation, &format!("text {turn}")).await;
        }
        last
    });
    let last = join_all(replies).await;
    for id in &last {
        until_status(&system.client, id, "delivered").await;
    }
    println!("200 replies of one sender at 80/s took {:?}", begun.elapsed());
    for (_, address) in &conversations {
        assert_eq!(taken(&system, address).await, ["text 0", "text 1", "text 2", "text 3"]);
    }
    let outbound = &system.workers["outbound"];
    assert_eq!(outbound.metric(THROTTLED).await.unwrap(), 0.0);
    assert_eq!(outbound.metric(PAIR_THROTTLED).await.unwrap(), 0.0);
    // Nor is it held back for long: 80/s is what the sender has, which a busy machine may not reach.
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_pays_its_burst_back_before_the_provider_asks() {
    let system = paced().await;
    let (busy, quiet) = ("15550009001", "15550009002");
    let conversation = system.workspace.conversation(system.database.pool(), busy).await;
    let other = system.workspace.conversation(system.database.pool(), quiet).await;
    let mut ids = Vec::new();
    for n in 0..47 {
        ids.push(reply(&system.client, conversation, &format!("text {n}")).await);
    }
    let mut paced = None;
    for id in ids.iter().skip(43) {
        let message = until_status(&system.client, id, "delivered").await;
        paced = paced.or(events(&message).contains(&"paced").then_some(message));
    }
    let aside = reply(&system.client, other, "aside").await;
    until_status(&system.client, &aside, "delivered").await;
    let texts: Vec<String> = (0..47).map(|n| format!("text {n}")).collect();
    assert_eq!(taken(&system, busy).await, texts);
    // A slow machine has paid some of it back before the burst was over.
    let ledger = system.ledger().await.unwrap();
    let burst = time(&ledger[44]["at"]) - time(&ledger[0]["at"]);
    match paced {
        Some(message) => {
            let told = entry(&message, "paced");
            assert!(time(&told["detail"]["until"]) > time(&told["at"]), "{told}");
        }
        None => assert!(burst > chrono::TimeDelta::seconds(5), "nothing was paced after a burst of {burst}"),
    }
    assert_eq!(system.workers["outbound"].metric(PAIR_THROTTLED).await.unwrap(), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_pair_waits_alone() {
    let system = paced().await;
    let (to, other) = ("15550009101", "15550009102");
    let refuse = json!({ "httpStatus": 400, "code": 131056 });
    system
        .client
        .fault(&json!({ "recipient": to, "times": 1, "fault": { "refuse": refuse } }))
        .await
        .unwrap();
    let conversation = system.workspace.conversation(system.database.pool(), to).await;
    let aside = system.workspace.conversation(system.database.pool(), other).await;
    let (first, second) = (
        reply(&system.client, conversation, "first").await,
        reply(&system.client, conversation, "second").await,
    );
    let waiting = until_event(&system.client, &first, "retry_due").await;
    let due = entry(&waiting, "retry_due");
    assert_eq!(due["detail"]["action"], "throttle_recipient");
    let wait = (time(&due["detail"]["until"]) - time(&due["at"])).num_milliseconds();
    assert!((3_900..9_000).contains(&wait), "{due}");
    let id = reply(&system.client, aside, "aside").await;
    until_status(&system.client, &id, "delivered").await;
    // Its own turn may have come meanwhile on a busy machine.
    let others = taken(&system, to).await;
    assert!(others.is_empty() || Utc::now() > time(&due["detail"]["until"]), "{others:?}");
    until_status(&system.client, &second, "delivered").await;
    assert_eq!(taken(&system, to).await, ["first", "second"]);
    assert_eq!(system.workers["outbound"].metric(PAIR_THROTTLED).await.unwrap(), 1.0);
    assert_eq!(system.workers["outbound"].metric(THROTTLED).await.unwrap(), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_was_told_to_wait_holds_nobody_else_up() {
    let environment = [("SWITCHBOARD_READMIT_SECONDS".to_owned(), "8".to_owned())].into();
    let system = System::start(Options { environment, ..Options::default() }).await.unwrap();
    let (other, others_client) = system.another_workspace("another secret").await.unwrap();
    let sender = &system.workspace.phone_number_id;
    let refuse = json!({ "httpStatus": 429, "code": 130429, "retryAfter": 30 });
    system
        .client
        .fault(&json!({ "sender": sender, "times": 1, "fault": { "refuse": refuse } }))
        .await
        .unwrap();
    let mut ids = Vec::new();
    for n in 0..300 {
        let address = format!("1555500{n:04}");
        let conversation = system.workspace.conversation(system.database.pool(), &address).await;
        ids.push(reply(&system.client, conversation, "throttled").await);
    }
    // Long enough for lanes of the throttled sender that nobody has taken up to be missed.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let conversation = other.conversation(system.database.pool(), "15550009201").await;
    // They wait in PostgreSQL, not in the hands of workers.
    let unclaimed = r#"switchboard_swept_total{reason="unclaimed"}"#;
    assert_eq!(system.workers["relay"].metric(unclaimed).await.unwrap(), 0.0);
    let begun = Instant::now();
    let id = reply(&others_client, conversation, "prompt").await;
    until_status(&others_client, &id, "delivered").await;
    println!("another sender's reply took {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    for id in &ids {
        until_status(&system.client, id, "delivered").await;
    }
    assert_eq!(system.ledger().await.unwrap().len(), 301);
}
