//! Webhooks: signature, retries, order, batches, bounds.

use std::collections::HashMap;

use axum::http::StatusCode;
use sandbox::{Behaviour, Settings, WebhookRetry};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{CONTACT, Receiver, SECRET, WABA, accepted_statuses, boot, boot_with, calm, text};

fn quick() -> WebhookRetry {
    WebhookRetry { initial_ms: 1, max_ms: 20, ..WebhookRetry::default() }
}

#[tokio::test]
async fn the_signature_is_the_documented_one() {
    let body = br#"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m","text":"caf\u00e9"}}]}]}"#;
    let expected = "sha256=88623696d0ffd01d2083341386f4be4697e602647eed8e449cbe21d3d29d3aa8";
    assert_eq!(sandbox::signature("app_secret_123", body), expected);
}

#[tokio::test]
async fn a_contacts_message_arrives_signed_and_in_ascii() {
    let (sandbox, receiver) = boot(calm()).await;
    let id = sandbox.speak(CONTACT, "caf\u{e9} \u{1f600}").await;
    let delivery = receiver.wait("the message", |all| all.first().cloned()).await;
    assert!(delivery.body.is_ascii());
    let text = String::from_utf8(delivery.body.clone()).unwrap();
    assert!(text.contains(r"caf\u00e9 \ud83d\ude00"), "{text}");
    assert_eq!(delivery.headers["x-hub-signature-256"], sandbox::signature(SECRET, &delivery.body).as_str());
    assert_eq!(delivery.headers["content-type"], "application/json");
    let value = &delivery.values()[0];
    assert_eq!(value["contacts"], json!([{"profile": {"name": "Ann"}, "wa_id": CONTACT}]));
    let message = &value["messages"][0];
    let timestamp = message["timestamp"].as_str().unwrap();
    assert_eq!(
        *message,
        json!({"from": CONTACT, "id": id, "timestamp": timestamp, "type": "text", "text": {"body": "caf\u{e9} \u{1f600}"}})
    );
}

#[tokio::test]
async fn a_refused_webhook_is_repeated_until_it_is_answered_with_200() {
    for refusals in [[500, 503, 429], [404, 403, 302], [201, 204, 500]] {
        let (sandbox, receiver) = boot(Behaviour { webhook_retry: quick(), ..calm() }).await;
        receiver.answer_next(&refusals);
        sandbox.speak(CONTACT, "hello").await;
        receiver.wait("the fourth attempt", |all| (all.len() == 4).then_some(())).await;
        let all = receiver.all();
        assert!(all.iter().all(|delivery| delivery.body == all[0].body));
        assert_eq!(all[3].answered, StatusCode::OK);
        let stats = sandbox.until("/control/stats", |stats| stats["webhooks"]["queued"] == 0).await;
        assert_eq!(
            (&stats["webhooks"]["posts"], &stats["webhooks"]["failedPosts"], &stats["webhooks"]["delivered"]),
            (&json!(4), &json!(3), &json!(1))
        );
    }
}

#[tokio::test]
async fn updates_wait_for_a_receiver_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let behaviour = Behaviour { webhook_retry: quick(), ..calm() };
    let webhook_url = Some(format!("http://{address}/hook"));
    let sandbox = boot_with(Settings { webhook_url, behaviour, ..Settings::default() }).await;
    for place in 0..40 {
        sandbox.send_text(&format!("1650555{:04}", place % 20), &place.to_string()).await;
    }
    sandbox.until("/control/stats", |stats| stats["webhooks"]["failedPosts"].as_u64().unwrap() > 20).await;
    let receiver = Receiver::on(TcpListener::bind(address).await.unwrap());
    assert_eq!(receiver.statuses(80).await.len(), 80);
    sandbox.until("/control/stats", |stats| stats["webhooks"]["queued"] == 0).await;
}

/// The order in which each contact's messages reached a step.
fn order(statuses: &[(String, String)], step: &str) -> HashMap<String, Vec<usize>> {
    let mut order: HashMap<String, Vec<usize>> = HashMap::new();
    for (correlation, _) in statuses.iter().filter(|(_, name)| name == step) {
        let (contact, place) = correlation.split_once('/').unwrap();
        order.entry(contact.to_owned()).or_default().push(place.parse().unwrap());
    }
    order
}

async fn stays_in_order(behaviour: Behaviour) -> Vec<crate::support::Delivery> {
    let (sandbox, receiver) = boot(behaviour).await;
    receiver.answer_next(&[500, 200, 404, 200, 200, 503, 200, 500, 404, 200, 200, 200, 500, 404]);
    for place in 0..30 {
        for contact in 0..5 {
            sandbox.send_text(&format!("1650555000{contact}"), &format!("{contact}/{place}")).await;
        }
    }
    let statuses = receiver.statuses(300).await;
    for step in ["sent", "delivered"] {
        let order = order(&statuses, step);
        assert_eq!(order.len(), 5);
        for (contact, places) in order {
            assert_eq!(places, (0..30).collect::<Vec<_>>(), "{step} of contact {contact}");
        }
    }
    receiver.all()
}

#[tokio::test]
async fn a_chats_updates_stay_in_order_through_retries() {
    stays_in_order(Behaviour { webhook_retry: quick(), status_ms: 5, status_spread_ms: 10, ..calm() }).await;
}

#[tokio::test]
async fn a_chats_updates_stay_in_order_in_batches() {
    let batched =
        Behaviour { webhook_retry: quick(), batch: 20, batch_ms: 5, webhook_concurrency: 4, ..calm() };
    let deliveries = stays_in_order(batched).await;
    let sizes: Vec<usize> = deliveries.iter().map(|delivery| delivery.statuses().len()).collect();
    assert!(sizes.iter().any(|size| *size > 1), "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 20), "{sizes:?}");
}

#[tokio::test]
async fn a_batch_keeps_messages_and_statuses_apart() {
    let (sandbox, receiver) = boot(Behaviour { batch: 100, batch_ms: 400, ..calm() }).await;
    sandbox.speak(CONTACT, "one").await;
    sandbox.speak(CONTACT, "two").await;
    sandbox.send_text(CONTACT, "m").await;
    let whole = |all: &[crate::support::Delivery]| {
        let updates: usize = all.iter().map(|d| d.statuses().len() + d.messages().len()).sum();
        (updates == 4).then_some(())
    };
    receiver.wait("four updates", whole).await;
    for value in receiver.all().iter().flat_map(crate::support::Delivery::values) {
        assert!(value.get("messages").is_none() || value.get("statuses").is_none(), "{value}");
        let contacts = value["contacts"].as_array().map_or(0, Vec::len);
        assert_eq!(contacts, usize::from(value.get("messages").is_some()));
    }
}

#[tokio::test]
async fn too_many_waiting_updates_are_dropped_and_counted() {
    let webhook_url = Some("http://127.0.0.1:9/hook".into());
    let settings = Settings { webhook_url, behaviour: calm(), webhook_capacity: 3, ..Settings::default() };
    let sandbox = boot_with(settings).await;
    for place in 0..4 {
        sandbox.send_text(CONTACT, &place.to_string()).await;
    }
    let (_, stats) = sandbox.control("GET", "/control/stats", None).await;
    assert_eq!((&stats["webhooks"]["queued"], &stats["webhooks"]["dropped"]), (&json!(3), &json!(5)));
}

#[tokio::test]
async fn a_new_callback_gets_what_was_waiting() {
    let webhook_url = Some("http://127.0.0.1:9/hook".into());
    let behaviour = Behaviour { webhook_retry: quick(), ..calm() };
    let sandbox = boot_with(Settings { webhook_url, behaviour, ..Settings::default() }).await;
    sandbox.send_text(CONTACT, "m").await;
    let receiver = Receiver::start().await;
    let patch = json!({"webhookUrl": receiver.url});
    assert_eq!(sandbox.control("PATCH", &format!("/control/accounts/{WABA}"), Some(&patch)).await.0, 200);
    receiver.statuses(2).await;
}

#[tokio::test]
async fn many_senders_at_once_lose_and_double_nothing() {
    let (sandbox, receiver) = boot(Behaviour { batch: 50, ..calm() }).await;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let (client, url) = (sandbox.client.clone(), sandbox.url("/v24.0/200000000000001/messages"));
        tasks.spawn(async move {
            for place in 0..100 {
                let body = text(&format!("1650556{place:04}"), &format!("{worker}-{place}"));
                let response = client.post(&url).bearer_auth("sandbox-access-token").json(&body).send().await;
                assert_eq!(response.unwrap().status(), 200);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    receiver.statuses(1_600).await;
    sandbox.until("/control/stats", |stats| stats["webhooks"]["queued"] == 0).await;
    let mut statuses = accepted_statuses(&receiver.all());
    assert_eq!(statuses.len(), 1_600);
    statuses.sort();
    statuses.dedup();
    assert_eq!(statuses.len(), 1_600);
    let (_, summary) = sandbox.control("GET", "/ledger/summary", None).await;
    assert_eq!((&summary["accepted"], &summary["doubledCorrelations"]), (&json!(800), &json!(0)));
}
