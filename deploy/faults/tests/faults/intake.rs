//! What comes in from outside: forged, foreign, repeated, out of order, in bulk, strange, broken.

use common::testing::eventually;
use faults::{Options, System, Webhook, sign};
use serde_json::{Value, json};

use crate::watch::{SOON, number, reply, until_event, until_status};

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_genuine_is_taken_in() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    // The first webhook after a start: nothing of its number tells whose it is.
    let broken = br#"{"object":"whatsapp_business_account","entry":[{"#.to_vec();
    let signature = sign("sandbox-app-secret", &broken);
    assert_eq!(client.post_webhook_as(broken.clone(), None).await.unwrap(), 401);
    assert_eq!(client.post_webhook_as(broken.clone(), Some(&sign("other", &broken))).await.unwrap(), 401);
    for _ in 0..2 {
        assert_eq!(client.post_webhook_as(broken.clone(), Some(&signature)).await.unwrap(), 200);
    }
    assert_eq!(number(&system, "SELECT count(*) FROM unparsed_webhooks").await, 1);

    let forged = Webhook::new().text(ours, "15550002001", "wamid.F1", "forged");
    for signature in [None, Some(sign("other", &forged.body())), Some(sign("", &forged.body()))] {
        assert_eq!(client.post_webhook_as(forged.body(), signature.as_deref()).await.unwrap(), 401);
    }
    let foreign = Webhook::new().text("998877665544", "15550002002", "wamid.F2", "foreign");
    assert_eq!(client.post_webhook(&foreign).await.unwrap(), 401);
    let mixed = foreign.text(ours, "15550002003", "wamid.F3", "ours");
    assert_eq!(client.post_webhook(&mixed).await.unwrap(), 200);
    let texts = eventually("ours shows up", SOON, async || client.texts_with("15550002003").await).await;
    assert_eq!(texts, ["ours"]);
    assert_eq!(number(&system, "SELECT count(*) FROM channel_events").await, 1);
    assert_eq!(number(&system, "SELECT count(*) FROM messages").await, 1);
    let rejected = r#"switchboard_channel_events_total{channel="whatsapp",result="rejected"}"#;
    assert!(system.api.metric(rejected).await.unwrap() >= 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_another_organization_s_account_is_verified_by_that_account_s_secret() {
    let system = System::start(Options::default()).await.unwrap();
    let (other, client) = system.another_workspace("another-secret").await.unwrap();
    let (ours, theirs) = (system.workspace.phone_number_id.as_str(), other.phone_number_id.as_str());
    // One body, signed by one secret: the other account's entry in it is not that account's word.
    let mixed = Webhook::new().text(ours, "15550002101", "wamid.M1", "mine").text(
        theirs,
        "15550002102",
        "wamid.M2",
        "not theirs",
    );
    assert_eq!(system.client.post_webhook(&mixed).await.unwrap(), 200);
    let signature = sign("another-secret", &mixed.body());
    eventually("mine shows up", SOON, async || system.client.texts_with("15550002101").await).await;
    assert_eq!(number(&system, "SELECT count(*) FROM channel_events").await, 1);
    assert_eq!(client.post_webhook_as(mixed.body(), Some(&signature)).await.unwrap(), 200);
    eventually("theirs shows up", SOON, async || client.texts_with("15550002102").await).await;
    assert_eq!(number(&system, "SELECT count(*) FROM messages").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_told_twice_is_one_message() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let from = "15550002201";
    let twice = Webhook::new().text(ours, from, "wamid.D1", "once").text(ours, from, "wamid.D1", "once");
    let (a, b) = tokio::join!(client.post_webhook(&twice), client.post_webhook(&twice));
    assert_eq!((a.unwrap(), b.unwrap()), (200, 200));
    let next = Webhook::new().text(ours, from, "wamid.D2", "next");
    assert_eq!(client.post_webhook(&next).await.unwrap(), 200);
    assert_eq!(client.post_webhook(&twice).await.unwrap(), 200);
    eventually("the next shows up", SOON, async || {
        let texts = client.texts_with(from).await.map_err(|error| error.to_string())?;
        if texts == ["once", "next"] { Ok(()) } else { Err(format!("{texts:?}")) }
    })
    .await;
    let conversation = client.conversation_with(from).await.unwrap();
    assert_eq!(conversation["unreadCount"], 2);
    assert_eq!(number(&system, "SELECT count(*) FROM channel_events").await, 2);
    let duplicate = r#"switchboard_channel_events_total{channel="whatsapp",result="duplicate"}"#;
    assert_eq!(system.api.metric(duplicate).await.unwrap(), 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_never_goes_back_and_delivery_overtakes_failure() {
    let system = System::start(Options::default()).await.unwrap();
    let (client, ours) = (&system.client, system.workspace.phone_number_id.as_str());
    let silent = json!({ "fault": { "status": { "suppress": ["sent", "delivered", "read", "failed"] } } });
    client.fault(&silent).await.unwrap();
    let to = "15550002301";
    let conversation = system.workspace.conversation(system.database.pool(), to).await;
    let error = json!({ "errors": [{ "code": 131026, "title": "Message undeliverable" }] });
    // (statuses in the order told, how the message must stand after each)
    let cases: [&[(&str, &str)]; 4] = [
        &[("read", "read"), ("delivered", "read"), ("sent", "read"), ("failed", "read")],
        &[("delivered", "delivered"), ("delivered", "delivered"), ("sent", "delivered"), ("read", "read")],
        &[("failed", "failed"), ("sent", "failed"), ("delivered", "delivered"), ("failed", "delivered")],
        &[("sent", "sent"), ("played", "sent"), ("failed", "failed"), ("failed", "failed"), ("read", "read")],
    ];
    for (turn, case) in cases.iter().enumerate() {
        let id = reply(client, conversation, &format!("text {turn}")).await;
        let sent = until_status(client, &id, "sent").await;
        let provider_id = sent["providerMessageId"].as_str().unwrap();
        for (told, (word, stands)) in case.iter().enumerate() {
            let more = if *word == "failed" { error.clone() } else { json!({}) };
            let webhook = Webhook::new().status(ours, to, (provider_id, word), more);
            // Every webhook comes twice.
            for _ in 0..2 {
                assert_eq!(client.post_webhook(&webhook).await.unwrap(), 200);
            }
            let distinct: std::collections::BTreeSet<_> =
                case[..=told].iter().map(|(word, _)| word).collect();
            let message = until_statuses(&system, &id, distinct.len()).await;
            assert_eq!(message["status"], *stands, "{case:?} after {word}: {message}");
            let failure = &message["failure"];
            assert_eq!(
                failure["providerCode"],
                if *stands == "failed" { json!("131026") } else { Value::Null }
            );
        }
    }
}

async fn until_statuses(system: &System, id: &str, count: usize) -> Value {
    eventually("the status is told", SOON, async || {
        let message = system.client.message(id).await.map_err(|error| error.to_string())?;
        let told = crate::watch::events(&message).iter().filter(|event| **event == "status").count();
        if told == count { Ok(message) } else { Err(message.to_string()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_cannot_be_reached_is_told_later() {
    let system = System::start(Options::default()).await.unwrap();
    let to = "15550099990026";
    let conversation = system.workspace.conversation(system.database.pool(), to).await;
    let id = reply(&system.client, conversation, "Hello?").await;
    let message = until_status(&system.client, &id, "failed").await;
    assert_eq!(message["failure"]["code"], "recipient_unreachable", "{message}");
    assert_eq!(message["failure"]["providerCode"], "131026");
    assert_eq!(crate::watch::events(&message)[..3], ["accepted", "sending", "sent"]);
    let next = reply(&system.client, conversation, "Still there?").await;
    until_event(&system.client, &next, "sent").await;
}
